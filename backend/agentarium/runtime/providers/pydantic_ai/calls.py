"""Model calls through pydantic-ai.

Imported on first use only; see `client`.
"""

import ssl
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx2
import orjson
from pydantic_ai import exceptions as library_errors
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.models import Model

from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    Delta,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ReasoningDelta,
    TextDelta,
    ToolDefinition,
)
from agentarium.runtime.providers.failures import (
    CalledModel,
    certificate_failure,
    provider_failure,
)
from agentarium.runtime.providers.http import CONNECT_TIMEOUT
from agentarium.runtime.providers.openai.response import MAX_RESPONSE_CHARS
from agentarium.runtime.providers.pydantic_ai.bounded_responses import (
    CallResponses,
    UnusableResponseError,
    bound_response,
)
from agentarium.runtime.providers.pydantic_ai.client import PydanticEndpoint
from agentarium.runtime.providers.pydantic_ai.messages import (
    from_library,
    library_settings,
    parameters,
    to_library,
)
from agentarium.runtime.providers.pydantic_ai.models import build_model
from agentarium.runtime.providers.refusals import message_in
from agentarium.runtime.providers.rejected_parameters import (
    RejectedParameters,
    rejected_parameter,
)

# Model names are free text, so their number has to be limited.
MAX_MODELS = 100

# For what a part takes without its text.
_CHARS_OF_PART = 1_000
# What parts and deltas have that a provider can make long.
_LONG_FIELDS = (
    *("content", "args", "signature", "tool_name", "tool_call_id", "citations"),
    *("content_delta", "args_delta", "signature_delta", "tool_name_delta"),
    *("citations_delta", "provider_details"),
)

# The error categories of the library, with the equivalent HTTP status.
_STATUS_BY_CATEGORY: tuple[
    tuple[type[library_errors.ModelAPIError], int | None], ...
] = (
    (library_errors.ModelQuotaExceededError, 402),
    (library_errors.ModelContextWindowExceededError, 413),
    (library_errors.ModelTimeoutError, 504),
    (library_errors.ModelRequestTimeout, 504),
    (library_errors.ModelConnectionError, None),
    (library_errors.ModelRateLimitError, 429),
    (library_errors.ModelAuthenticationError, 401),
    (library_errors.ModelNotFoundError, 404),
    (library_errors.ModelRequestRejectedError, 400),
)


# What a request works without, as providers name it in their errors.
_OPTIONAL = ("temperature", "top_p", "seed", "stop", "parallel_tool_calls")


class _ParameterRejectedError(Exception):
    """The model does not accept a parameter, or its value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@contextmanager
def _rejected_parameters(settings: ModelSettings) -> Generator[None, None, None]:
    try:
        yield
    except library_errors.ModelHTTPError as error:
        # Each provider nests its message differently; the library keeps the whole body.
        details = {"message": f"{error.message} {error.body}"}
        sent = [name for name in _OPTIONAL if getattr(settings, name) is not None]
        name = rejected_parameter(error.status_code, details, sent)
        if error.in_stream or name is None:
            raise
        raise _ParameterRejectedError(name) from None


def _without(settings: ModelSettings, names: Iterable[str]) -> ModelSettings:
    omitted: dict[str, Any] = {name: None for name in _OPTIONAL if name in names}
    return replace(settings, **omitted)


@contextmanager
def _refused(responses: CallResponses) -> Generator[None, None, None]:
    """Raise `UnusableResponseError` for whatever error a library makes of it."""
    try:
        yield
    except Exception as error:
        if not responses.is_unusable or isinstance(error, UnusableResponseError):
            raise
        raise responses.refuse() from None


class PydanticCalls:
    """Calls the models of one provider, over its own connections."""

    def __init__(self, endpoint: PydanticEndpoint) -> None:
        self._endpoint = endpoint
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(
                endpoint.read_timeout, connect=CONNECT_TIMEOUT, pool=None
            ),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
            event_hooks={"response": [bound_response]},
            # Compression would delay the chunks of a stream, and hide their size.
            headers={"Accept-Encoding": "identity"},
        )
        self._models: dict[str, Model] = {}
        self._rejected: dict[str, RejectedParameters] = {}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def stream(
        self,
        name: str,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
        settings: ModelSettings,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """See `ModelClient.stream`."""
        known = self._rejected_by(name)
        rejected = known.current(settings)
        while True:
            accepted = _without(settings, rejected)
            try:
                request = self._request(name, messages, tools, accepted)
                async with aclosing(request) as outputs:
                    async for output in outputs:
                        # The model accepts the request without them.
                        known.add(rejected - known.current(settings), settings)
                        yield output
                return
            except _ParameterRejectedError as error:
                rejected.add(error.name)

    async def _request(
        self,
        name: str,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
        settings: ModelSettings,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        called = CalledModel(
            self._endpoint.title,
            name,
            secret=self._endpoint.api_key,
            has_tools=bool(tools),
        )
        responses, size = CallResponses(), ResponseSize()
        with (
            self._translated_failures(called, responses),
            _rejected_parameters(settings),
        ):
            model = self._model(name)
            async with (
                responses.closing(),
                model_request_stream(
                    model,
                    to_library(messages, model.system),
                    model_settings=library_settings(settings),
                    model_request_parameters=parameters(tools),
                ) as events,
            ):
                async for event in events:
                    if not size.add(event):
                        raise responses.refuse()
                    if delta := _delta(event):
                        yield delta
                response = events.get()
            if response.finish_reason is None:
                raise self._connection_lost()
        yield from_library(response, model.system)

    def _connection_lost(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.UNAVAILABLE,
            f"The connection to {self._endpoint.title} was lost before the response was "
            "complete.",
            is_transient=True,
        )

    def _rejected_by(self, name: str) -> RejectedParameters:
        if name not in self._rejected:
            if len(self._rejected) >= MAX_MODELS:
                self._rejected.clear()
            self._rejected[name] = RejectedParameters()
        return self._rejected[name]

    def _model(self, name: str) -> Model:
        if name not in self._models:
            if len(self._models) >= MAX_MODELS:
                self._models.clear()
            self._models[name] = build_model(self._endpoint, name, self._http)
        return self._models[name]

    @contextmanager
    def _translated_failures(
        self, called: CalledModel, responses: CallResponses
    ) -> Generator[None, None, None]:
        try:
            with _refused(responses):
                yield
        except UnusableResponseError:
            raise self._too_long() from None
        except library_errors.ModelAPIError as error:
            raise self._failure(error, called) from None
        except httpx2.TimeoutException:
            raise provider_failure(504, called) from None
        except (httpx2.HTTPError, OSError):
            raise self._connection_lost() from None
        except library_errors.UserError:
            raise provider_failure(400, called) from None
        except (library_errors.UnexpectedModelBehavior, ValueError):
            raise self._malformed() from None

    def _failure(
        self, error: library_errors.ModelAPIError, called: CalledModel
    ) -> ProviderError:
        if type(error) is library_errors.ModelAPIError:
            return self._malformed()
        if _is_about_certificate(error):
            return certificate_failure(self._endpoint.title)
        status = _status(error)
        if status is None:
            return ProviderError(
                ProviderErrorCode.UNAVAILABLE,
                f"{self._endpoint.title} cannot be reached, or the connection was lost.",
                is_transient=True,
            )
        error_object = {
            "code": error.provider_error_code,
            "type": error.provider_error_type,
            "message": message_in({"error": _error_body(error.body)}),
        }
        return provider_failure(
            status, called, error=error_object, retry_after=error.retry_after
        )

    def _too_long(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.PROTOCOL,
            f"{self._endpoint.title} sent a response that is too long to store, or "
            "compressed.",
        )

    def _malformed(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.PROTOCOL,
            f"{self._endpoint.title} sent a response that does not follow its API. "
            "Check the base URL.",
        )


class ResponseSize:
    """Counts what a response holds, in characters."""

    def __init__(self) -> None:
        self._chars = 0

    def add(self, event: ModelResponseStreamEvent) -> bool:
        """Whether the response is still short enough to be stored."""
        match event:
            case PartStartEvent(part=part):
                self._chars += _CHARS_OF_PART + _length(part)
            case PartDeltaEvent(delta=delta):
                self._chars += _length(delta)
        return self._chars <= MAX_RESPONSE_CHARS


def _length(holder: object) -> int:
    values = (getattr(holder, name, None) for name in _LONG_FIELDS)
    return sum(len(str(value)) for value in values if value)


def _status(error: library_errors.ModelAPIError) -> int | None:
    """The HTTP status of an error or its equivalent; None for a lost connection."""
    statuses = (
        status for kind, status in _STATUS_BY_CATEGORY if isinstance(error, kind)
    )
    status = next(statuses, 503)
    # These two say more than the status that they come with.
    if isinstance(error, library_errors.ModelHTTPError) and status not in (402, 413):
        return error.status_code
    return status


def _error_body(body: object) -> object:
    """The error object in the body of a response, which may be JSON text."""
    if isinstance(body, str):
        with suppress(orjson.JSONDecodeError):
            body = orjson.loads(body)
    if isinstance(body, list) and body:
        body = body[0]
    return body.get("error", body) if isinstance(body, dict) else body


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _delta(event: ModelResponseStreamEvent) -> Delta | None:
    match event:
        case PartStartEvent(part=TextPart(content=text)) if text:
            return TextDelta(text)
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)) if text:
            return TextDelta(text)
        case PartStartEvent(part=ThinkingPart(content=text)) if text:
            return ReasoningDelta(text)
        case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=text)) if text:
            return ReasoningDelta(text)
    return None
