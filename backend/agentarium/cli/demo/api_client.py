"""A small client of the public API: HTTP, JSON and server-sent events."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

REQUEST_SECONDS = 30
# A stream sends a keep-alive every few seconds.
STREAM_SECONDS = 60


class ApiError(Exception):
    """The server returned an error, or could not be reached."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    type: str
    id: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A client of the server at `url`, authenticated if it has a token."""

    url: str
    token: str = ""

    def with_token(self, token: str) -> "ApiClient":
        return replace(self, token=token)

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, **body: Any) -> Any:
        return self._call("POST", path, body)

    def events(self, path: str, *, after: str = "") -> Iterator[ServerEvent]:
        """Yield the events of one connection, until the server closes it."""
        headers = {"Accept": "text/event-stream"}
        if after:
            headers["Last-Event-ID"] = after
        fields: dict[str, str] = {}
        with self._open("GET", path, None, headers, STREAM_SECONDS) as response:
            for line in _lines(response):
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    yield _event(fields)
                    fields = {}

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        with self._open(method, path, body, {}, REQUEST_SECONDS) as response:
            return json.load(response)

    def _open(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        headers: dict[str, str],
        timeout: float,
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server's URL
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return _opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            body_text = error.read().decode(errors="replace")[:500]
            raise ApiError(f"{method} {path}: {error.code} {body_text}") from error
        except OSError as error:
            raise ApiError(f"{method} {path}: {error}") from error


# The server is on this machine, so no HTTP proxy is used.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _lines(response: Any) -> Iterator[str]:
    try:
        for raw in response:
            yield raw.decode().rstrip("\r\n")
    except (OSError, http.client.HTTPException) as error:
        raise ApiError(f"The stream broke off: {error}") from error


def _event(fields: dict[str, str]) -> ServerEvent:
    return ServerEvent(
        fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])
    )
