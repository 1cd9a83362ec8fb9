"""The one interface between the agent's loop and whoever serves a model."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentarium.runtime.messages import Message, ModelResponse


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """`None` leaves a value to the provider."""

    temperature: float | None = None
    max_output_tokens: int | None = None


PROVIDER_DEFAULTS = ModelSettings()


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool as a model sees it; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


Delta = TextDelta | ReasoningDelta

ErrorCode = Literal[
    "provider_auth",  # the key is missing, wrong, or may not use the model
    "provider_rate_limited",  # 429
    "provider_unavailable",  # no connection, 5xx, overloaded, connection lost
    "provider_timeout",  # connect or read timeout
    "provider_bad_request",  # the provider refuses what was asked
    "provider_protocol",  # the answer is not what the wire promises
    "model_not_found",
    "model_unavailable",  # the model cannot be called from here: no key, not installed
]


class ProviderError(Exception):
    """A model call that failed, with a sentence that a person can act on.

    `is_transient` says that the same call may succeed later; `retry_after` is the
    provider's own wish in seconds. Never carries a key, a prompt or an answer.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        is_transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code: ErrorCode = code
        self.detail = detail
        self.is_transient = is_transient
        self.retry_after = retry_after


class ModelClient(Protocol):
    """A model that can be asked. Shared by many tasks at once."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """Yield deltas as they arrive, then exactly one `ModelResponse`.

        Closing the generator, or cancelling the task that drives it, closes the
        provider's connection at once. Raises `ProviderError`, and nothing else, for
        whatever goes wrong at the other end.
        """
        ...
