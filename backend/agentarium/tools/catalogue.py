"""The built-in tools, and agents as tools."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from agentarium.db import clock
from agentarium.runtime.tools.base import Tool, ToolSpec
from agentarium.runtime.tools.calculator import CALCULATOR, Calculator
from agentarium.runtime.tools.clock import CURRENT_TIME, CurrentTime
from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.web import FETCH_URL, FetchUrl
from agentarium.tools.models import MAX_DESCRIPTION_CHARS

ASK_PERSON_SPEC = ToolSpec(
    name="ask_person",
    description=(
        "Ask the owner of this task a question and wait for the answer, which may take "
        "a long time. Ask only what you cannot find out or decide yourself."
    ),
    parameters={
        "type": "object",
        "properties": {
            "question": {
                "type": "string",
                "description": "One clear question, with the context needed to answer it.",
                "minLength": 1,
                "maxLength": 4_000,
            }
        },
        "required": ["question"],
        "additionalProperties": False,
    },
    effect="read",
)

_AGENT_PARAMETERS = {
    "type": "object",
    "properties": {
        "input": {
            "type": "string",
            "description": "The complete assignment: the agent sees nothing else.",
            "minLength": 1,
        }
    },
    "required": ["input"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class CallableAgent:
    """An agent that another agent can call."""

    name: str
    description: str = ""


class BuiltinTool(NamedTuple):
    spec: ToolSpec
    # None if the worker implements it.
    create: Callable[[ToolSpec, HttpClient], Tool] | None
    # Its arguments decide which hosts it calls, so an agent may list the allowed ones.
    reaches_hosts: bool = False


BUILTINS: dict[str, BuiltinTool] = {
    builtin.spec.name: builtin
    for builtin in (
        BuiltinTool(CURRENT_TIME, lambda spec, _: CurrentTime(spec, now=clock.now)),
        BuiltinTool(CALCULATOR, lambda spec, _: Calculator(spec)),
        BuiltinTool(
            FETCH_URL, lambda spec, http: FetchUrl(http, spec), reaches_hosts=True
        ),
        BuiltinTool(ASK_PERSON_SPEC, None),
    )
}


def agent_tool_name(agent: CallableAgent) -> str:
    """The default name of the tool that calls an agent."""
    words = re.sub(r"[^a-z0-9]+", "_", agent.name.lower()).strip("_")
    return f"ask_{words or 'agent'}"[:64]


def agent_spec(
    agent: CallableAgent,
    *,
    name: str = "",
    description: str = "",
    needs_approval: bool = False,
) -> ToolSpec:
    """The spec of the tool that calls an agent; the worker runs a task for each call."""
    return ToolSpec(
        name=name or agent_tool_name(agent),
        description=description
        or agent.description[:MAX_DESCRIPTION_CHARS]
        or f"Give an assignment to the agent {agent.name} and get its answer.",
        parameters=_AGENT_PARAMETERS,
        effect="read",
        needs_approval=needs_approval,
    )
