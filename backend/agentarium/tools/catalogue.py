"""What an agent can be given, besides what people declare."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from agentarium.runtime.tools.base import Tool, ToolSpec
from agentarium.runtime.tools.calculator import CALCULATOR, Calculator
from agentarium.runtime.tools.clock import CURRENT_TIME, CurrentTime
from agentarium.runtime.tools.http_client import HttpClient
from agentarium.runtime.tools.web import FETCH_URL, FetchUrl
from agentarium.tools.models import MAX_DESCRIPTION_CHARS

ASK_PERSON_SPEC = ToolSpec(
    name="ask_person",
    description=(
        "Ask the person whose task this is, and wait for the answer, which may take "
        "long. Ask only what you cannot find out or decide yourself."
    ),
    parameters={
        "type": "object",
        "properties": {
            "question": {
                "type": "string",
                "description": "One clear question, with what is needed to answer it.",
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
            "description": "The whole assignment: the agent sees nothing else.",
            "minLength": 1,
        }
    },
    "required": ["input"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class CallableAgent:
    """An agent as another one sees it."""

    name: str
    description: str = ""


class Builtin(NamedTuple):
    spec: ToolSpec
    # None: the worker sees to it itself.
    tool: Callable[[ToolSpec, HttpClient], Tool] | None


BUILTINS: dict[str, Builtin] = {
    builtin.spec.name: builtin
    for builtin in (
        Builtin(CURRENT_TIME, lambda spec, _: CurrentTime(spec)),
        Builtin(CALCULATOR, lambda spec, _: Calculator(spec)),
        Builtin(FETCH_URL, lambda spec, http: FetchUrl(http, spec)),
        Builtin(ASK_PERSON_SPEC, None),
    )
}


def agent_tool_name(agent: CallableAgent) -> str:
    """The name under which a model sees an agent that was given to it."""
    words = re.sub(r"[^a-z0-9]+", "_", agent.name.lower()).strip("_")
    return f"ask_{words or 'agent'}"[:64]


def agent_spec(
    agent: CallableAgent,
    *,
    name: str = "",
    description: str = "",
    needs_approval: bool = False,
) -> ToolSpec:
    """An agent as a tool; the worker runs it as a task of its own."""
    return ToolSpec(
        name=name or agent_tool_name(agent),
        description=description
        or agent.description[:MAX_DESCRIPTION_CHARS]
        or f"Give an assignment to the agent {agent.name}, and get its answer.",
        parameters=_AGENT_PARAMETERS,
        effect="read",
        needs_approval=needs_approval,
    )
