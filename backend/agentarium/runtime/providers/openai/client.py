"""A thin streaming client for OpenAI-compatible APIs, on aiohttp and orjson.

Most model calls use it, so it is built for many concurrent streams: everything that
arrives in one read becomes one delta.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    Delta,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ToolDefinition,
)
from agentarium.runtime.providers.failures import (
    CalledModel,
    certificate_failure,
    provider_failure,
    retry_after_seconds,
)
from agentarium.runtime.providers.http import HttpPool, proxy_for, timeouts
from agentarium.runtime.providers.openai.request import (
    Dialect,
    opaque_fields,
    request_body,
)
from agentarium.runtime.providers.openai.response import OpenAIResponseBuilder
from agentarium.runtime.providers.openai.sse import BodyReader, EventTooLongError
from agentarium.runtime.providers.rejected_parameters import (
    OPTIONAL_PARAMETERS,
    RejectedParameters,
    rejected_parameter,
)

READ_TIMEOUT = 300.0
_MAX_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class OpenAIEndpoint:
    """A server with this API; `title` is its name in error messages.

    `name` is that of its provider, which gets its own metadata back.

    `keeps_connections` is False for a server that closes idle connections, sometimes
    just as the next request is sent on one.
    """

    title: str
    base_url: str
    api_key: str = field(default="", repr=False)
    read_timeout: float = READ_TIMEOUT
    reasoning_field: str = ""
    keeps_connections: bool = True
    name: str = "openai"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class OpenAIClient:
    """A `ModelClient` for one model of one server."""

    def __init__(self, endpoint: OpenAIEndpoint, model: str, pool: HttpPool) -> None:
        self._endpoint = endpoint
        self._model = model
        self._pool = pool
        self._url = f"{endpoint.base_url.rstrip('/')}/chat/completions"
        self._headers = headers_for(endpoint)
        self._timeout = timeouts(endpoint.read_timeout)
        self._proxy = proxy_for(self._url)
        self._rejected = RejectedParameters()

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """See `ModelClient.stream`."""
        called = CalledModel(
            self._endpoint.title,
            self._model,
            secret=self._endpoint.api_key,
            has_tools=bool(tools),
        )
        builder = OpenAIResponseBuilder(called, provider=self._endpoint.name)
        with _translated_failures(self._endpoint, builder):
            response = await self._post(messages, tools, settings)
            self._pool.track(response)
            try:
                async with aclosing(self._events(response, builder)) as reads:
                    async for events in reads:
                        for delta in builder.add(events):
                            yield delta
                        if builder.is_done:
                            break
                await _drain(response)
            finally:
                # After a complete read, the connection goes back to the pool.
                response.close()
        for delta in builder.finish():
            yield delta
        yield builder.build()

    async def _events(
        self, response: aiohttp.ClientResponse, builder: OpenAIResponseBuilder
    ) -> AsyncGenerator[list[bytes], None]:
        """The events of each read."""
        reader = BodyReader()
        async for received in response.content.iter_any():
            events = reader.feed(received)
            if reader.is_page:
                raise builder.malformed()
            yield events
            if pause := self._pool.pause():
                await asyncio.sleep(pause)
        yield reader.close()

    async def _post(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition],
        settings: ModelSettings,
    ) -> aiohttp.ClientResponse:
        """Send the request, and repeat it without each parameter that the server rejects."""
        known = self._rejected.current(settings)
        rejected: set[str] = set()
        while True:
            body = request_body(
                self._model,
                messages,
                tools,
                settings,
                dialect=Dialect(self._endpoint.name, self._endpoint.reasoning_field),
                rejected=known | rejected,
            )
            response = await self._send(orjson.dumps(body))
            if response.status == HTTPStatus.OK:
                self._rejected.add(rejected, settings)
                return response
            error = await _error_object(response)
            name = rejected_parameter(response.status, error, _optional_names(body))
            if name is None or name in known | rejected:
                raise self._failure(response, error, body)
            rejected.add(name)

    async def _send(self, body: bytes) -> aiohttp.ClientResponse:
        try:
            return await self._pool.session().post(
                self._url,
                data=body,
                headers=self._headers,
                timeout=self._timeout,
                proxy=self._proxy,
                # The key must not be sent to the target of a redirect.
                allow_redirects=False,
            )
        except aiohttp.ClientConnectorCertificateError:
            # It is a `ValueError`, too.
            raise
        except (ValueError, aiohttp.NonHttpUrlClientError):
            raise ProviderError(
                ProviderErrorCode.BAD_REQUEST,
                f"The base URL or the key for {self._endpoint.title} contains "
                "characters that cannot be sent. Check both settings.",
            ) from None

    def _failure(
        self,
        response: aiohttp.ClientResponse,
        error: dict[str, Any],
        body: Mapping[str, Any],
    ) -> ProviderError:
        called = CalledModel(
            self._endpoint.title,
            self._model,
            secret=self._endpoint.api_key,
            has_tools="tools" in body,
        )
        failure = provider_failure(
            response.status,
            called,
            error=error,
            retry_after=retry_after_seconds(response.headers),
            is_response=True,
        )
        if failure.code == ProviderErrorCode.BAD_REQUEST:
            others = body.keys() - _REQUIRED_PARAMETERS
            name = rejected_parameter(response.status, error, sorted(others))
            if name is not None:
                failure.code = ProviderErrorCode.UNSUPPORTED_PARAMETER
                failure.detail = (
                    f"{self._endpoint.title} does not accept the setting {name} for "
                    f"{self._model}. Remove it from the agent."
                )
        return failure


_REQUIRED_PARAMETERS = frozenset({"model", "messages", "stream", "tools"})


def _optional_names(body: Mapping[str, Any]) -> list[str]:
    """What a request works without: parameters, and fields of messages."""
    parameters = [name for name in OPTIONAL_PARAMETERS if name in body]
    return parameters + opaque_fields(body)


def headers_for(endpoint: OpenAIEndpoint) -> Mapping[str, str]:
    headers: dict[str, str] = {"Content-Type": "application/json"}
    if not endpoint.keeps_connections:
        headers["Connection"] = "close"
    if key := endpoint.api_key.strip():
        headers["Authorization"] = f"Bearer {key}"
    return {**headers, **endpoint.headers}


@contextmanager
def _translated_failures(
    endpoint: OpenAIEndpoint, builder: OpenAIResponseBuilder
) -> Generator[None, None, None]:
    """Turn connection failures into `ProviderError`.

    A connection that breaks after the model has finished has lost at most the token
    counts, so that the response is still used.
    """
    try:
        yield
    except EventTooLongError:
        raise builder.malformed() from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        if not builder.is_complete:
            raise connection_failure(endpoint, error) from None


def connection_failure(
    endpoint: OpenAIEndpoint, error: aiohttp.ClientError | OSError
) -> ProviderError:
    """The error for a connection that could not be opened, or that was lost."""
    title, origin = endpoint.title, _origin(endpoint.base_url)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return certificate_failure(f"{title} at {origin}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ProviderError(
            ProviderErrorCode.TIMEOUT,
            f"Connecting to {title} at {origin} timed out.",
            is_transient=True,
        )
    if isinstance(error, TimeoutError):
        return ProviderError(
            ProviderErrorCode.TIMEOUT,
            f"{title} sent no data for {endpoint.read_timeout:g} seconds.",
            is_transient=True,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return ProviderError(
            ProviderErrorCode.UNAVAILABLE,
            f"{title} cannot be reached at {origin}. Check that it is running there.",
            is_transient=True,
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return ProviderError(
            ProviderErrorCode.PROTOCOL,
            f"The server at {origin} does not speak HTTP. Check the base URL.",
        )
    return ProviderError(
        ProviderErrorCode.UNAVAILABLE,
        f"The connection to {title} was lost before the response was complete.",
        is_transient=True,
    )


async def read_limited(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read the body, and stop at a chunk that exceeds `limit` bytes."""
    body = bytearray()
    async for received in response.content.iter_any():
        body += received
        if len(body) > limit:
            break
    return bytes(body)


async def _error_object(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The error object in an error response; empty if it has none."""
    body = b""
    try:
        body = await read_limited(response, _MAX_ERROR_BYTES)
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _plain_error(body)
    except (aiohttp.ClientError, TimeoutError):
        return {}
    finally:
        response.close()
    if isinstance(data, list) and data:
        # Google
        data = data[0]
    if not isinstance(data, dict):
        return _plain_error(body)
    error = data.get("error") or data
    if isinstance(error, str):
        return {"message": error}
    return error | _invalid_field(error) if isinstance(error, dict) else {}


def _plain_error(body: bytes) -> dict[str, Any]:
    """An error that is not JSON: a sentence, or a page of a proxy, which says nothing."""
    text = body.decode("utf-8", "replace").strip()
    return {} if text.startswith("<") else {"message": text}


def _invalid_field(error: dict[str, Any]) -> dict[str, Any]:
    """The invalid parameter, in the error format of servers built on FastAPI."""
    match error:
        case {"detail": [{"loc": [*_, str(name)]}, *_]}:
            return {"param": name}
    return {}


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the rest of the body, which has arrived or is about to."""
    if response.content.at_eof():
        return
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(0.2):
            async for _ in response.content.iter_any():
                pass


def _origin(url: str) -> str:
    """Scheme, host and port of an address, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
