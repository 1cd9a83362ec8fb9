"""The interface between the agent loop and its tools."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Protocol

import orjson

from agentarium.runtime.providers.base import ToolDefinition
from agentarium.runtime.schema_forms import accepted_schema

# What repeating a call does: nothing (`read`), nothing if it carries the same idempotency
# key (`idempotent`), or the action once more (`write`).
Effect = Literal["read", "idempotent", "write"]


class ToolError(Exception):
    """A failed call that the model may be able to correct.

    The model receives the text, so it must never contain a key, a password or an
    internal address.
    """


class OutcomeUnknownError(ToolError):
    """A call that may have been executed, although no result arrived.

    If the tool's effect is `write`, the call must not be repeated blindly.
    """


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as an agent uses it; `timeout` is in seconds, for one call."""

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    effect: Effect = "write"
    needs_approval: bool = False
    timeout: float = 60.0

    @property
    def definition(self) -> ToolDefinition:
        """The tool as providers accept it. The first time takes milliseconds."""
        parameters = _accepted(orjson.dumps(self.parameters))
        return ToolDefinition(self.name, self.description, parameters)


@lru_cache(maxsize=1024)
def _accepted(schema: bytes) -> dict[str, Any]:
    return accepted_schema(orjson.loads(schema))


@dataclass(frozen=True, slots=True)
class ToolInvocation:
    """One invocation of a tool, with arguments that match its schema.

    `idempotency_key` is the same when a call is repeated, in any attempt, and unique to
    that call. What calls share, such as processes, is divided fairly among owners.
    """

    tool_call_id: str
    arguments: dict[str, Any]
    idempotency_key: str
    owner_id: int = 0


class Tool(Protocol):
    """A tool that an agent can call. All calls of a task share it."""

    @property
    def spec(self) -> ToolSpec: ...

    async def call(self, invocation: ToolInvocation) -> str:
        """Return the result as text for the model. Raises `ToolError`.

        Cancelling the call closes its connections immediately.
        """
        ...
