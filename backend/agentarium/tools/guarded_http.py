"""Implements the runtime's HTTP client with the guarded outbound client."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

from agentarium.outbound.client import Outbound, OutboundResponse
from agentarium.outbound.hosts import HostList
from agentarium.outbound.policy import OutboundError
from agentarium.outbound.settings import new_outbound
from agentarium.runtime.tools.http_client import FetchError


class GuardedResponse:
    def __init__(self, response: OutboundResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.url = response.url

    async def chunks(self) -> AsyncIterator[bytes]:
        with _outbound_errors_as_fetch_errors():
            async for chunk in self._response.chunks():
                yield chunk

    async def read_beginning(self, max_bytes: int) -> bytes:
        with _outbound_errors_as_fetch_errors():
            return await self._response.read_beginning(max_bytes)


class GuardedHttp:
    """The `HttpClient` of tools. A process needs one, for all of its event loops."""

    def __init__(self, outbound: Outbound | None = None) -> None:
        self._outbound = outbound or new_outbound()

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float,
    ) -> AsyncIterator[GuardedResponse]:
        with _outbound_errors_as_fetch_errors():
            async with self._outbound.open(
                method, url, headers=headers, body=body, timeout=timeout
            ) as response:
                yield GuardedResponse(response)

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> AsyncIterator[GuardedResponse]:
        with _outbound_errors_as_fetch_errors():
            async with self._outbound.send(
                method, url, headers=headers, body=body
            ) as response:
                yield GuardedResponse(response)

    def restricted_to(self, hosts: Sequence[str]) -> "GuardedHttp":
        return GuardedHttp(self._outbound.restricted_to(HostList.parse(hosts)))

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        await self._outbound.aclose()


@contextmanager
def _outbound_errors_as_fetch_errors() -> Iterator[None]:
    try:
        yield
    except OutboundError as error:
        raise FetchError(
            error.detail, may_have_arrived=error.may_have_arrived
        ) from error
