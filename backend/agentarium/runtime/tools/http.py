"""HTTP tools: requests that a user declares and a model fills with arguments."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from agentarium.runtime.masking.mask import NO_MASK, SecretMask
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
# Headers of the connection, and headers that we set.
_RESERVED_HEADERS = frozenset(
    (
        *("host", "content-length", "transfer-encoding", "connection", "upgrade"),
        *("keep-alive", "te", "trailer", "expect", "proxy-authorization"),
        *("proxy-connection", "accept-encoding", "idempotency-key", "content-type"),
    )
)


class HeaderError(ValueError):
    """A header that cannot be sent; the message says why."""


def check_header(name: str, value: str) -> None:
    """Raise `HeaderError` if a header cannot be sent. The message never has the value."""
    if not _HEADER_NAME.fullmatch(name):
        raise HeaderError("This is not a valid header name.")
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith(("mcp-", "sec-")):
        raise HeaderError("This header is set by the server. Remove it.")
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise HeaderError("A header value must be one line of printable ASCII text.")


@dataclass(frozen=True, slots=True)
class HttpRequestSettings:
    """The request of a call.

    Arguments without a placeholder in the URL become query parameters of GET and
    DELETE, and a JSON body otherwise.
    """

    method: Method
    url: UrlTemplate
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Parts of the address by placeholder, or by query parameter.
    url_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class HttpRequestTool:
    def __init__(
        self,
        spec: ToolSpec,
        settings: HttpRequestSettings,
        http: HttpClient,
        mask: SecretMask = NO_MASK,
    ) -> None:
        self.spec = spec
        self._settings = settings
        self._http = http
        self._mask = mask

    async def call(self, invocation: ToolInvocation) -> str:
        method, template = self._settings.method, self._settings.url
        remaining = {
            name: value
            for name, value in invocation.arguments.items()
            if name not in template.names
        }
        has_body = method in _WITH_BODY
        placed = {
            name: value
            for name, value in invocation.arguments.items()
            if name in template.names
        }
        url = template.expand(
            placed, {} if has_body else remaining, self._settings.url_secrets
        )
        body = _json(remaining) if has_body else None
        try:
            async with self._http.open(
                method,
                url,
                headers=self._headers(invocation, has_body=has_body),
                body=body,
                timeout=self.spec.timeout,
            ) as response:
                return await _result(response, self._mask)
        except FetchError as error:
            raise error.as_tool_error() from error

    def _headers(self, invocation: ToolInvocation, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json, text/*;q=0.9, */*;q=0.1"}
        headers |= dict(self._settings.headers)
        if has_body:
            headers["Content-Type"] = "application/json"
        if self.spec.effect == "idempotent":
            headers["Idempotency-Key"] = invocation.idempotency_key
        return headers


def _json(arguments: Mapping[str, Any]) -> bytes:
    """Not by orjson, which refuses integers beyond 64 bits."""
    return json.dumps(arguments, separators=(",", ":")).encode()


async def _result(response: HttpResponse, mask: SecretMask) -> str:
    status = response.status
    body = await response.read_beginning(MAX_BYTES)
    result = f"HTTP {status}{_reason(status)}"
    text = _as_text(body, response.headers.get("Content-Type", ""), mask)
    if text:
        result = f"{result}\n\n{text}"
    if status in {502, 503, 504}:
        # Sent by a gateway; the server behind it may have acted nevertheless.
        raise OutcomeUnknownError(result)
    if status >= 400:
        raise ToolError(result)
    return result


def _as_text(body: bytes, content_type: str, mask: SecretMask) -> str:
    kind = media_type(content_type)
    if not body:
        return ""
    if kind and not is_text(kind):
        return mask.apply(
            f"({len(body)} bytes of {kind}, which cannot be shown as text)"
        )
    text = decoded(body, content_type).replace("\x00", "")
    text, is_cut = mask.beginning(text, MAX_CHARS)
    return f"{text}\n… (truncated: the response is longer)" if is_cut else text


def _reason(status: int) -> str:
    phrases: dict[int, Any] = {known.value: known.phrase for known in HTTPStatus}
    return f" {phrases[status]}" if status in phrases else ""
