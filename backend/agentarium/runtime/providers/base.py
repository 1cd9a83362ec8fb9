"""The interface between the agent loop and the clients of model providers."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from agentarium.runtime.messages import Message, ModelResponse


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings of a model call; `None` leaves a value to the provider.

    Each is sent only where the API has it. `extra_body` has more parameters of the
    request, for OpenAI-compatible servers and Anthropic; it never replaces others.
    """

    temperature: float | None = None
    max_output_tokens: int | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    parallel_tool_calls: bool | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)


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
    """Why a model call failed; a failed task has it as its `error_code`."""

    # The key is missing, wrong, or not allowed to use the model.
    AUTH = "provider_auth"
    # 429
    RATE_LIMITED = "provider_rate_limited"
    # No connection, 5xx, overloaded, connection lost.
    UNAVAILABLE = "provider_unavailable"
    # Connect or read timeout.
    TIMEOUT = "provider_timeout"
    # The provider rejects the request.
    BAD_REQUEST = "provider_bad_request"
    # The conversation has more tokens than the model accepts.
    CONTEXT_TOO_LONG = "context_too_long"
    # The account has no credit left, or its quota is spent.
    NO_CREDIT = "provider_no_credit"
    # The model cannot call tools.
    TOOLS_NOT_SUPPORTED = "tools_not_supported"
    # The model does not accept a setting that the request does not work without.
    UNSUPPORTED_PARAMETER = "unsupported_parameter"
    # The server's TLS certificate cannot be verified.
    CERTIFICATE = "provider_certificate"
    # The response does not follow the provider's API.
    PROTOCOL = "provider_protocol"
    MODEL_NOT_FOUND = "model_not_found"
    # The model cannot be called here: no key, or a package is not installed.
    MODEL_UNAVAILABLE = "model_unavailable"


class ProviderError(Exception):
    """A failed model call; `detail` says what to do about it.

    `is_transient` means that the same call may succeed later; `retry_after` is the
    wait that the provider asks for, in seconds. `detail` never contains a key, a
    prompt or a response. `provider_message` is the provider's own sentence, which may
    quote a prompt: only the task's owner may see it, and no log.
    """

    def __init__(
        self,
        code: ProviderErrorCode,
        detail: str,
        *,
        is_transient: bool = False,
        retry_after: float | None = None,
        provider_message: str = "",
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.is_transient = is_transient
        self.retry_after = retry_after
        self.provider_message = provider_message


class ModelClient(Protocol):
    """A model that can be called. Many tasks share one concurrently."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """Yield deltas as they arrive, then exactly one `ModelResponse`.

        Closing the generator, or cancelling the task that drives it, closes the
        connection to the provider immediately. Raises only `ProviderError` for
        failures of the provider or the connection.
        """
        ...
