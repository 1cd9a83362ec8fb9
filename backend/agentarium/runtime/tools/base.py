"""The one interface between the agent's loop and whatever it can call."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentarium.runtime.providers.base import ToolDefinition

# What a repeated call does: nothing new (`read`), nothing new if it carries the same
# key (`idempotent`), or the thing once more (`write`).
Effect = Literal["read", "idempotent", "write"]


class ToolError(Exception):
    """A call that failed in a way that its model may mend.

    Its text goes to the model: never a key, a password or an address inside the house.
    """


class OutcomeUnknownError(ToolError):
    """A call that may have been carried out although no answer came.

    Of a `write` tool, neither its model nor anyone else should repeat it blindly.
    """


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as its agent has it; `timeout` is in seconds, for one call."""

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    effect: Effect = "write"
    needs_approval: bool = False
    timeout: float = 60.0

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(self.name, self.description, self.parameters)


@dataclass(frozen=True, slots=True)
class ToolInvocation:
    """One call, with arguments that fit the tool's schema.

    `idempotency_key` is the same for each repetition of the same call, in whichever
    attempt, and differs between any two calls.
    """

    tool_call_id: str
    arguments: dict[str, Any]
    idempotency_key: str


class Tool(Protocol):
    """Something that an agent can call. Shared by all calls of a task."""

    @property
    def spec(self) -> ToolSpec: ...

    async def call(self, call: ToolInvocation) -> str:
        """The result as text for the model. Raises `ToolError`.

        Cancelling it closes whatever connection it has open, at once.
        """
        ...
