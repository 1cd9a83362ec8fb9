"""The only client for requests that a user can steer.

It connects only to addresses that the policy allows. The check applies to the very
address that the socket connects to, so that a name which resolves to another address the
second time (DNS rebinding) gains nothing. It follows redirects itself and checks each
target like the first URL. It uses no proxy and no cookies.
"""

import asyncio
import copy
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urljoin
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from agentarium.outbound.hosts import HostList
from agentarium.outbound.policy import OutboundError, OutboundPolicy, refused_host

MAX_REDIRECTS = 5
CONNECT_TIMEOUT = 10.0
# Shorter than servers keep idle connections open: if a server closes one as we reuse it,
# we cannot know whether the request arrived.
KEEP_SECONDS = 3.0
# Sent on after a redirect to another host. All other headers may contain secrets.
_HARMLESS_HEADERS = frozenset(
    {"accept", "accept-language", "content-type", "idempotency-key", "user-agent"}
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class AddressRefusedError(OSError):
    """The policy forbids the address."""


class CheckedResolver(AbstractResolver):
    """Resolves names to the addresses that the policy allows."""

    def __init__(self, policy: OutboundPolicy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._resolver.resolve(host, port, family)
        allowed = [
            each for each in results if self._policy.allows_address(each["host"])
        ]
        if not allowed:
            raise AddressRefusedError
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """A response whose headers have arrived. Read it before its request is closed."""

    status: int
    headers: Mapping[str, str]
    # The one after all redirects.
    url: str
    _response: aiohttp.ClientResponse
    _hop: "_Hop"

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, without a limit."""
        async with _as_outbound_error(self._hop):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def read(self, max_bytes: int) -> bytes:
        """The whole body. Raises `OutboundError` if it is larger."""
        body = await self.read_beginning(max_bytes + 1)
        if len(body) > max_bytes:
            raise OutboundError(
                "outbound_too_large",
                f"The response is larger than {max_bytes} bytes.",
                may_have_arrived=True,
            )
        return body

    async def read_beginning(self, max_bytes: int) -> bytes:
        """The first `max_bytes` bytes of the body."""
        body = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) >= max_bytes:
                    break
        return bytes(body[:max_bytes])


class Outbound:
    """Sends requests that users steer.

    A process needs one. Each event loop has its own connection pool.
    """

    def __init__(
        self, policy: OutboundPolicy, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._sessions: WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[bool, aiohttp.ClientSession]
        ] = WeakKeyDictionary()

    def restricted_to(self, hosts: HostList) -> "Outbound":
        """A client whose requests and redirects reach these hosts only.

        The policy applies as well. Both clients share their connections.
        """
        restricted = copy.copy(self)
        restricted._policy = replace(self._policy, only=hosts)
        return restricted

    @asynccontextmanager
    async def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float,
    ) -> AsyncIterator[OutboundResponse]:
        """Send a request, follow redirects, and yield the response.

        `timeout` is in seconds, for everything including reading the body. Leaving the
        context closes the connection, unless the body was read to its end. Raises
        `OutboundError`.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        hop = _Hop(method.upper(), self._policy.check(url), dict(headers), body)
        for _ in range(MAX_REDIRECTS + 1):
            async with (
                _as_outbound_error(hop),
                asyncio.timeout_at(deadline),
                self._exchange(hop) as response,
            ):
                target = response.headers.get("Location")
                if response.status not in _REDIRECTS or target is None:
                    yield _outbound_response(response, hop)
                    return
            address = self._policy.check(urljoin(str(hop.url), target))
            hop = hop.redirected(address, status=response.status)
        raise OutboundError(
            "outbound_redirects",
            f"{hop.url.host} redirects more than {MAX_REDIRECTS} times.",
            may_have_arrived=True,
        )

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> AsyncIterator[OutboundResponse]:
        """Send one request, for a caller that handles timeouts and redirects itself."""
        hop = _Hop(method.upper(), self._policy.check(url), dict(headers), body)
        async with _as_outbound_error(hop), self._exchange(hop) as response:
            yield _outbound_response(response, hop)

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        sessions = self._sessions.pop(asyncio.get_running_loop(), {})
        for session in sessions.values():
            await session.close()

    def _exchange(
        self, hop: "_Hop"
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        is_trusted = self._policy.allows_host(hop.url.raw_host or "")
        return self._session(is_trusted=is_trusted).request(
            hop.method,
            hop.url,
            headers=hop.headers,
            data=hop.body,
            allow_redirects=False,
            trace_request_ctx=hop,
        )

    def _session(self, *, is_trusted: bool) -> aiohttp.ClientSession:
        """The running loop's session: one for checked hosts, one for the operator's."""
        sessions = self._sessions.setdefault(asyncio.get_running_loop(), {})
        if is_trusted not in sessions:
            sessions[is_trusted] = _new_session(self._connector(is_trusted=is_trusted))
        return sessions[is_trusted]

    def _connector(self, *, is_trusted: bool) -> aiohttp.TCPConnector:
        resolver = self._resolver or ThreadedResolver()
        if is_trusted:
            return aiohttp.TCPConnector(
                limit=0,
                use_dns_cache=False,
                keepalive_timeout=KEEP_SECONDS,
                resolver=resolver,
            )
        return aiohttp.TCPConnector(
            limit=0,
            use_dns_cache=False,
            keepalive_timeout=KEEP_SECONDS,
            resolver=CheckedResolver(self._policy, resolver),
            socket_factory=self._checked_socket,
        )

    def _checked_socket(self, target: Any) -> socket.socket:
        """A socket for an allowed address: the last check, for every connection."""
        family, kind, protocol, _, address = target
        if not self._policy.allows_address(str(address[0])):
            raise AddressRefusedError
        return socket.socket(family, kind, protocol)


@dataclass(slots=True)
class _Hop:
    """One request of a chain of redirects."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None
    is_sent: bool = False

    def redirected(self, url: URL, *, status: int) -> Self:
        """The request that follows a redirect, as browsers send it."""
        method, body, headers = self.method, self.body, self.headers
        if url.origin() != self.url.origin():
            headers = _only(headers, lambda name: name in _HARMLESS_HEADERS)
        if status == 303 or (status in {301, 302} and method == "POST"):
            method, body = "GET", None
            headers = _only(headers, lambda name: name != "content-type")
        return type(self)(method, url, headers, body, is_sent=True)


def _only(headers: Mapping[str, str], is_kept: Callable[[str], bool]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if is_kept(name.lower())}


def _outbound_response(response: aiohttp.ClientResponse, hop: _Hop) -> OutboundResponse:
    return OutboundResponse(
        response.status, response.headers, str(response.url), response, hop
    )


def _new_session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_mark_sent)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # A small compressed response may be huge after decompression.
        headers={"User-Agent": "agentarium", "Accept-Encoding": "identity"},
        skip_auto_headers=["Content-Type"],
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
        trace_configs=[tracing],
        middlewares=[_without_retry],
    )


async def _without_retry(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Leave retries to the caller.

    aiohttp retries all methods but POST when a connection is lost, although the server
    may have acted on the request.
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


async def _mark_sent(_: aiohttp.ClientSession, context: Any, __: Any) -> None:
    context.trace_request_ctx.is_sent = True


@asynccontextmanager
async def _as_outbound_error(hop: _Hop) -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise OutboundError(
            "outbound_timeout",
            f"{hop.url.host} took too long to respond.",
            may_have_arrived=hop.is_sent,
        ) from error
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
        raise OutboundError(
            "outbound_unreachable",
            f"{hop.url.host} has no valid TLS certificate.",
        ) from error
    except aiohttp.ClientError as error:
        raise _failure(hop, error) from error


def _failure(hop: _Hop, error: aiohttp.ClientError) -> OutboundError:
    host = hop.url.host or ""
    cause = getattr(error, "os_error", None)
    if isinstance(cause, AddressRefusedError):
        return refused_host(host)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        detail = f"The host name {host} cannot be resolved. Check its spelling."
    elif isinstance(error, aiohttp.ClientConnectorError):
        detail = f"{host} cannot be reached."
    elif isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        detail = f"The response of {host} is not valid HTTP, or ends too early."
    else:
        detail = f"The connection to {host} was lost."
    return OutboundError("outbound_unreachable", detail, may_have_arrived=hop.is_sent)
