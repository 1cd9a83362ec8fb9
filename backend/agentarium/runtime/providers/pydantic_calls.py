"""One call of a model through pydantic-ai.

Imported on first use only; see `pydantic_client`.
"""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import replace

import httpx2
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
from agentarium.runtime.providers.failures import identifiers, provider_failure
from agentarium.runtime.providers.http import CONNECT_TIMEOUT
from agentarium.runtime.providers.pydantic_client import PydanticEndpoint
from agentarium.runtime.providers.pydantic_messages import (
    from_library,
    library_settings,
    parameters,
    to_library,
)
from agentarium.runtime.providers.pydantic_models import build_model
from agentarium.runtime.providers.rejected_parameters import (
    RejectedParameters,
    rejected_parameter,
)

# Model names are free text, so that their number has to be bounded.
MAX_MODELS = 100

# The categories that the library tells apart, as the status that means the same.
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


# The HTTP responses of the call that runs in this context.
_opened: ContextVar[list[httpx2.Response]] = ContextVar("opened_responses")


async def _note_opened(response: httpx2.Response) -> None:
    _opened.get([]).append(response)


@asynccontextmanager
async def _closing_responses() -> AsyncGenerator[None, None]:
    """Close the connections of one call at its end, however it ends.

    Where a stream is left early, some providers' libraries leave theirs open until
    the garbage collector comes by, and the provider goes on generating.
    """
    responses: list[httpx2.Response] = []
    _opened.set(responses)
    try:
        yield
    finally:
        for response in responses:
            await response.aclose()


class _TemperatureRefusedError(Exception):
    """The model may answer where no temperature is set."""


@contextmanager
def _refused_temperature(settings: ModelSettings) -> Generator[None, None, None]:
    try:
        yield
    except library_errors.ModelHTTPError as error:
        # Every vendor nests its sentence differently, and the library keeps it whole.
        said = {"message": f"{error.message} {error.body}"}
        sent = () if settings.temperature is None else ("temperature",)
        if error.in_stream or not rejected_parameter(error.status_code, said, sent):
            raise
        raise _TemperatureRefusedError from None


class PydanticCalls:
    """Calls models of one provider, over connections of its own."""

    def __init__(self, endpoint: PydanticEndpoint) -> None:
        self._endpoint = endpoint
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(
                endpoint.read_timeout, connect=CONNECT_TIMEOUT, pool=None
            ),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
            event_hooks={"response": [_note_opened]},
        )
        self._models: dict[str, Model] = {}
        self._refused: dict[str, RejectedParameters] = {}

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
        refusals = self._rejected(name)
        if "temperature" in refusals.current():
            settings = replace(settings, temperature=None)
        try:
            async with aclosing(self._once(name, messages, tools, settings)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except _TemperatureRefusedError:
            settings = replace(settings, temperature=None)
        async with aclosing(self._once(name, messages, tools, settings)) as pieces:
            async for piece in pieces:
                # It has begun to answer.
                refusals.add(["temperature"])
                yield piece

    async def _once(
        self,
        name: str,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
        settings: ModelSettings,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        with self._translated_failures(name), _refused_temperature(settings):
            model = self._model(name)
            async with (
                _closing_responses(),
                model_request_stream(
                    model,
                    to_library(messages, model.system),
                    model_settings=library_settings(settings),
                    model_request_parameters=parameters(tools),
                ) as events,
            ):
                async for event in events:
                    if delta := _delta(event):
                        yield delta
                answer = events.get()
            if answer.finish_reason is None:
                raise self._cut_off()
        yield from_library(answer)

    def _cut_off(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.UNAVAILABLE,
            f"{self._endpoint.title} broke off before the answer was complete.",
            is_transient=True,
        )

    def _rejected(self, name: str) -> RejectedParameters:
        if name not in self._refused:
            if len(self._refused) >= MAX_MODELS:
                self._refused.clear()
            self._refused[name] = RejectedParameters()
        return self._refused[name]

    def _model(self, name: str) -> Model:
        if name not in self._models:
            if len(self._models) >= MAX_MODELS:
                self._models.clear()
            self._models[name] = build_model(self._endpoint, name, self._http)
        return self._models[name]

    @contextmanager
    def _translated_failures(self, name: str) -> Generator[None, None, None]:
        try:
            yield
        except library_errors.ModelAPIError as error:
            raise self._failure(error, name) from None
        except httpx2.TimeoutException:
            raise provider_failure(
                504, title=self._endpoint.title, model=name
            ) from None
        except (httpx2.HTTPError, OSError):
            raise self._cut_off() from None
        except library_errors.UserError:
            raise provider_failure(
                400, title=self._endpoint.title, model=name
            ) from None
        except (library_errors.UnexpectedModelBehavior, ValueError):
            raise self._malformed() from None

    def _failure(self, error: library_errors.ModelAPIError, name: str) -> ProviderError:
        if type(error) is library_errors.ModelAPIError:
            return self._malformed()
        status = _status(error)
        if status is None:
            return ProviderError(
                ProviderErrorCode.UNAVAILABLE,
                f"{self._endpoint.title} cannot be reached, or the connection broke.",
                is_transient=True,
            )
        words = {"code": error.provider_error_code, "type": error.provider_error_type}
        return provider_failure(
            status,
            title=self._endpoint.title,
            model=name,
            words=identifiers(words, secret=self._endpoint.api_key),
            retry_after=error.retry_after,
        )

    def _malformed(self) -> ProviderError:
        return ProviderError(
            ProviderErrorCode.PROTOCOL,
            f"{self._endpoint.title} sent something that is not an answer. "
            "Check the base URL.",
        )


def _status(error: library_errors.ModelAPIError) -> int | None:
    """The HTTP status of an error, or what equals one; none for a lost connection."""
    if isinstance(error, library_errors.ModelHTTPError):
        return error.status_code
    statuses = (
        status for kind, status in _STATUS_BY_CATEGORY if isinstance(error, kind)
    )
    return next(statuses, 503)


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
