"""The interface between the agent loop and its tools."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentarium.runtime.messages import ImagePart
from agentarium.runtime.providers.base import ToolDefinition

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
    """A tool as an agent uses it.

    `timeout` is in seconds, for one call. A tool that reports progress may take that long
    from each report on, but at most `progress_limit` seconds in all.
    """

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    effect: Effect = "write"
    needs_approval: bool = False
    timeout: float = 60.0
    progress_limit: float = 0.0

    @property
    def time_limit(self) -> float:
        """How long a call may take, whatever it reports."""
        return max(self.timeout, self.progress_limit)

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(self.name, self.description, self.parameters)


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


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a call; `text` names each of the `images`."""

    text: str
    images: tuple[ImagePart, ...] = ()


class Tool(Protocol):
    """A tool that an agent can call. All calls of a task share it."""

    @property
    def spec(self) -> ToolSpec: ...

    async def call(self, invocation: ToolInvocation) -> str | ToolResult:
        """Return the result for the model. Raises `ToolError`.

        Cancelling the call closes its connections immediately.
        """
        ...
