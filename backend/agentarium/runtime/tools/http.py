"""HTTP tools: what a user declares, called with a model's arguments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

import orjson

from agentarium.runtime.tools.base import (
    OutcomeUnknownError,
    ToolError,
    ToolInvocation,
    ToolSpec,
)
from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse
from agentarium.runtime.tools.http_template import UrlTemplate
from agentarium.runtime.tools.text import decoded, is_text, media_type

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

MAX_BYTES = 1_000_000
MAX_CHARS = 50_000
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Those belong to the connection, or to us.
_OWN_HEADERS = frozenset(
    (
        *("host", "content-length", "transfer-encoding", "connection", "upgrade"),
        *("keep-alive", "te", "trailer", "expect", "proxy-authorization"),
        *("proxy-connection", "accept-encoding", "idempotency-key", "content-type"),
    )
)


class HeaderError(ValueError):
    """A header that cannot be sent, with a sentence that says why."""


def check_header(name: str, value: str) -> None:
    """Raises `HeaderError`, whose sentence never tells the value."""
    if not _HEADER_NAME.fullmatch(name):
        raise HeaderError("This is not the name of a header.")
    if name.lower() in _OWN_HEADERS or name.lower().startswith(("mcp-", "sec-")):
        raise HeaderError("This header is set by the server itself.")
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise HeaderError("A header's value is one line of plain ASCII text.")


@dataclass(frozen=True, slots=True)
class HttpRequestSettings:
    """Where a call goes. Arguments without a place in the URL become query parameters
    of GET and DELETE, and a JSON body otherwise."""

    method: Method
    url: UrlTemplate
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class HttpRequestTool:
    def __init__(
        self, spec: ToolSpec, settings: HttpRequestSettings, http: HttpClient
    ) -> None:
        self.spec = spec
        self._settings = settings
        self._http = http

    async def call(self, call: ToolInvocation) -> str:
        method, template = self._settings.method, self._settings.url
        others = {
            name: value
            for name, value in call.arguments.items()
            if name not in template.names
        }
        has_body = method in _WITH_BODY
        url = template.expand(call.arguments, {} if has_body else others)
        body = orjson.dumps(others) if has_body else None
        try:
            async with self._http.open(
                method,
                url,
                headers=self._headers(call, has_body=has_body),
                body=body,
                timeout=self.spec.timeout,
            ) as response:
                return await _result(response)
        except FetchError as error:
            raise error.as_tool_error() from error

    def _headers(self, call: ToolInvocation, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json, text/*;q=0.9, */*;q=0.1"}
        headers |= dict(self._settings.headers)
        if has_body:
            headers["Content-Type"] = "application/json"
        if self.spec.effect == "idempotent":
            headers["Idempotency-Key"] = call.idempotency_key
        return headers


async def _result(response: HttpResponse) -> str:
    status = response.status
    body = await response.read_beginning(MAX_BYTES)
    shown = f"HTTP {status}{_phrase(status)}"
    text = _as_text(body, response.headers.get("Content-Type", ""))
    if text:
        shown = f"{shown}\n\n{text}"
    if status in {502, 503, 504}:
        # A gateway says so of the server behind it, which may have acted all the same.
        raise OutcomeUnknownError(shown)
    if status >= 400:
        raise ToolError(shown)
    return shown


def _as_text(body: bytes, content_type: str) -> str:
    kind = media_type(content_type)
    if not body:
        return ""
    if kind and not is_text(kind):
        return f"({len(body)} bytes of {kind}, which cannot be shown as text)"
    text = decoded(body, content_type).replace("\x00", "")
    if len(text) > MAX_CHARS:
        return f"{text[:MAX_CHARS]}\n… (cut here: the answer is longer)"
    return text


def _phrase(status: int) -> str:
    known: dict[int, Any] = {it.value: it.phrase for it in HTTPStatus}
    return f" {known[status]}" if status in known else ""
