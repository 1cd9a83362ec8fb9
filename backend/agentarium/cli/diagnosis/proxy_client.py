"""An HTTP client for the public URL that does not follow redirects."""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any
from urllib.parse import urljoin

LIMIT_SECONDS = 10
MAX_BYTES = 1_000_000
_CHUNK_BYTES = 65_536


class UnreachableError(Exception):
    """There was no response; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Message
    body: bytes

    @property
    def location(self) -> str:
        return self.headers.get("Location", "") if 300 <= self.status < 400 else ""

    @property
    def json(self) -> dict[str, Any]:
        """The object in the body; empty if the body is not a JSON object."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def cookies(self) -> dict[str, "Morsel[str]"]:
        jar: SimpleCookie = SimpleCookie()
        for line in self.headers.get_all("Set-Cookie", []):
            # A proxy may set a cookie whose name is not valid.
            with suppress(CookieError):
                jar.load(line)
        return dict(jar)


class ProxyClient:
    """Sends requests to the server at the public URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send one request. Raises `UnreachableError`."""
        request = urllib.request.Request(  # noqa: S310 - checked to be HTTP
            urljoin(self.url, path), data=body, headers=dict(headers or {})
        )
        try:
            with _opener.open(request, timeout=LIMIT_SECONDS) as response:
                body = b"".join(_chunks(response))
                return Reply(response.status, response.headers, body)
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, b"".join(_chunks(error)))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnreachableError(_reason(error)) from None

    def arrivals(self, path: str, headers: Mapping[str, str]) -> list[float]:
        """Return the seconds from the request to each event of a stream."""
        request = urllib.request.Request(  # noqa: S310 - checked to be HTTP
            urljoin(self.url, path), headers=dict(headers)
        )
        started_at = time.monotonic()
        arrivals: list[float] = []
        try:
            with _opener.open(request, timeout=LIMIT_SECONDS) as response:
                is_gzip = response.headers.get("Content-Encoding") == "gzip"
                decode = _gzip_decoder() if is_gzip else bytes
                for chunk in _chunks(response):
                    count = decode(chunk).count(b"data:")
                    arrivals += [time.monotonic() - started_at] * count
        except (OSError, http.client.HTTPException, zlib.error) as error:
            raise UnreachableError(_reason(error)) from None
        return arrivals


class _KeepRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


# The URL is tested directly, not through this machine's own HTTP proxy.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _KeepRedirects())


def _chunks(response: Any) -> Iterator[bytes]:
    """Read a body in chunks as they arrive, up to a size and a duration."""
    deadline = time.monotonic() + LIMIT_SECONDS
    remaining = MAX_BYTES
    while remaining > 0 and time.monotonic() < deadline:
        chunk: bytes = response.read1(min(remaining, _CHUNK_BYTES))
        if not chunk:
            break
        remaining -= len(chunk)
        yield chunk


def _gzip_decoder() -> Callable[[bytes], bytes]:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate cannot be verified: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return f"no answer within {LIMIT_SECONDS} seconds"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return str(cause) or type(cause).__name__
