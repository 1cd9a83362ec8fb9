"""HTTP connections to providers, shared by all clients of one event loop."""

import asyncio
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary, WeakSet

import aiohttp

CONNECT_TIMEOUT = 10.0
# From this many concurrent responses on, each one is read less often: the cost of a read
# hardly depends on its length, so that fewer and longer reads cost less.
BUSY_RESPONSES = 100
PAUSE_PER_RESPONSE = 0.0001
MAX_PAUSE = 0.1
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


class HttpPool:
    """One aiohttp session for each event loop, created on first use."""

    def __init__(self) -> None:
        self._sessions: WeakKeyDictionary[
            asyncio.AbstractEventLoop, aiohttp.ClientSession
        ] = WeakKeyDictionary()
        self._open: WeakSet[aiohttp.ClientResponse] = WeakSet()

    def session(self) -> aiohttp.ClientSession:
        """The running loop's session. The pool owns it: never close it."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = _new_session()
        return session

    def track(self, response: aiohttp.ClientResponse) -> None:
        """Make `aclose` fail the reader of this response.

        Otherwise aiohttp closes the connection and leaves the reader waiting forever.
        """
        self._open.add(response)

    def pause(self) -> float:
        """Seconds to wait between two reads of a response.

        0 with few responses; with a thousand, users see ten updates a second.
        """
        count = len(self._open)
        is_busy = count >= BUSY_RESPONSES
        return min(count * PAUSE_PER_RESPONSE, MAX_PAUSE) if is_busy else 0.0

    async def aclose(self) -> None:
        """Close the running loop's connections; calls in progress fail."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is None:
            return
        for response in list(self._open):
            if not response.content.is_eof():
                response.content.set_exception(aiohttp.ClientConnectionError())
        await session.close()


def _new_session() -> aiohttp.ClientSession:
    # The worker limits the number of concurrent calls, not the connector.
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, ttl_dns_cache=60)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Compression would delay the chunks of a stream.
        headers={"User-Agent": "agentarium", "Accept-Encoding": "identity"},
    )


def timeouts(read_timeout: float) -> aiohttp.ClientTimeout:
    """Timeouts for connecting and for each read; the whole response has none."""
    return aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_TIMEOUT, sock_read=read_timeout
    )


def proxy_for(url: str) -> str | None:
    """The proxy that the environment configures for an address, if any."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or parts.hostname in _LOOPBACK_HOSTS or proxy_bypass(parts.netloc):
        return None
    return proxy
