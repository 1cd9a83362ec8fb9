"""Conversion of an ASGI request to WSGI, and of the site's response back."""

import io
import math
import sys
from collections.abc import AsyncGenerator, Callable, MutableMapping
from typing import Any, Self
from wsgiref.types import StartResponse

import orjson

from agentarium.core.exceptions import DomainError
from agentarium.http.problems import MEDIA_TYPE, problem
from agentarium.server.download import Download
from agentarium.server.long_response import Permit

Headers = list[tuple[str, str]]
Scope = MutableMapping[str, Any]


class Answer:
    """The response of the synchronous site: a body, a stream or a download."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.stream: AsyncGenerator[bytes, None] | None = None
        self.download: Download | None = None
        self.permit = Permit()

    def start(self, status: str, headers: Headers, *_: Any) -> Callable[[bytes], Any]:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers
        ]
        return io.BytesIO().write

    @classmethod
    def of_problem(cls, error: DomainError, path: str) -> Self:
        """What the site itself would answer, had it been called."""
        body = problem(error.status, error.code, error.detail, path)
        answer = cls.of_json(error.status, body, media_type=MEDIA_TYPE)
        if error.retry_after is not None:
            seconds = str(math.ceil(error.retry_after))
            answer.headers.append((b"retry-after", seconds.encode()))
        return answer

    @classmethod
    def of_json(
        cls, status: int, data: object, *, media_type: str = "application/json"
    ) -> Self:
        body = orjson.dumps(data)
        answer = cls()
        answer.status = status
        answer.body = body
        answer.headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        return answer


def content_length(scope: Scope) -> int | None:
    """The length of the body as its head says, or None if it comes in chunks."""
    for name, value in scope["headers"]:
        # The server has refused heads with an invalid length.
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


def as_start_response(answer: Answer) -> StartResponse:
    start: Any = answer.start
    return start  # type: ignore[no-any-return]


def environ(scope: Scope, body: bytes = b"") -> dict[str, Any]:
    """The WSGI environment of a request (PEP 3333)."""
    host, port = scope.get("server") or ("localhost", 80)
    path = scope["path"].encode().decode("latin-1")
    request: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client := scope.get("client"):
        request["REMOTE_ADDR"] = client[0]
    for name, value in scope["headers"]:
        _add_header(request, name.decode("latin-1"), value.decode("latin-1"))
    return request


def _add_header(request: dict[str, Any], name: str, value: str) -> None:
    # With an underscore a client could forge a header that a proxy sets with a dash.
    if "_" in name or name == "content-length":
        return
    key = name.upper().replace("-", "_")
    if key != "CONTENT_TYPE":
        key = f"HTTP_{key}"
    separator = "; " if key == "HTTP_COOKIE" else ","
    request[key] = f"{request[key]}{separator}{value}" if key in request else value
