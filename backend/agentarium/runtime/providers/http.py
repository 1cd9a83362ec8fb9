"""The connections to providers, shared by all clients that live in one event loop."""

import asyncio
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary, WeakSet

import aiohttp

CONNECT_TIMEOUT = 10.0
# With so many answers under way, each is read less often: a piece costs the same, however
# short it is, and fewer, longer ones cost less.
MANY = 100
PAUSE_PER_ANSWER = 0.0001
MAX_PAUSE = 0.1
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class HttpPool:
    """One aiohttp session for each event loop, made when it is first asked for."""

    def __init__(self) -> None:
        self._sessions: WeakKeyDictionary[
            asyncio.AbstractEventLoop, aiohttp.ClientSession
        ] = WeakKeyDictionary()
        self._open: WeakSet[aiohttp.ClientResponse] = WeakSet()

    def session(self) -> aiohttp.ClientSession:
        """The running loop's session. Belongs to the pool: never close it."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = _new_session()
        return session

    def watch(self, response: aiohttp.ClientResponse) -> None:
        """Have `aclose` wake whoever still reads this response.

        aiohttp alone closes the connection and lets its reader wait for ever.
        """
        self._open.add(response)

    def pause(self) -> float:
        """Seconds that a reader of an answer leaves between two readings.

        0 with a few answers; with a thousand, people see ten pieces a second.
        """
        answers = len(self._open)
        return min(answers * PAUSE_PER_ANSWER, MAX_PAUSE) if answers >= MANY else 0.0

    async def aclose(self) -> None:
        """Close the running loop's connections; calls under way fail."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is None:
            return
        for response in list(self._open):
            if not response.content.is_eof():
                response.content.set_exception(aiohttp.ClientConnectionError())
        await session.close()


def _new_session() -> aiohttp.ClientSession:
    # How many calls run at once is decided by the worker, never by the connector.
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, ttl_dns_cache=60)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # A compressed stream arrives in lumps.
        headers={"User-Agent": "agentarium", "Accept-Encoding": "identity"},
    )


def timeouts(read_timeout: float) -> aiohttp.ClientTimeout:
    """No limit for the whole answer, but one for each wait."""
    return aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_TIMEOUT, sock_read=read_timeout
    )


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or parts.hostname in _THIS_MACHINE or proxy_bypass(parts.netloc):
        return None
    return proxy
