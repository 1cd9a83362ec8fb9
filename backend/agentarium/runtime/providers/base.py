"""The one interface between the agent's loop and whoever serves a model."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

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


class ProviderErrorCode(StrEnum):
    """Why a model call failed. Ends up as the `error_code` of a task."""

    # The key is missing, wrong, or may not use the model.
    AUTH = "provider_auth"
    # 429
    RATE_LIMITED = "provider_rate_limited"
    # No connection, 5xx, overloaded, connection lost.
    UNAVAILABLE = "provider_unavailable"
    # Connect or read timeout.
    TIMEOUT = "provider_timeout"
    # The provider refuses what was asked.
    BAD_REQUEST = "provider_bad_request"
    # The answer is not what the provider's API promises.
    PROTOCOL = "provider_protocol"
    MODEL_NOT_FOUND = "model_not_found"
    # The model cannot be called from here: no key, not installed.
    MODEL_UNAVAILABLE = "model_unavailable"


class ProviderError(Exception):
    """A model call that failed, with a sentence that a person can act on.

    `is_transient` says that the same call may succeed later; `retry_after` is the
    provider's own wish in seconds. Never carries a key, a prompt or an answer.
    """

    def __init__(
        self,
        code: ProviderErrorCode,
        detail: str,
        *,
        is_transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
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
