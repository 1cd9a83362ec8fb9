"""The tool that fetches a web page or document as text."""

import asyncio
import json
from urllib.parse import urlsplit

from agentarium.runtime.tools.base import ToolError, ToolInvocation, ToolSpec
from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse
from agentarium.runtime.tools.page import Page, read_page
from agentarium.runtime.tools.text import decoded, is_text, media_type

MAX_BYTES = 2_000_000
MAX_CHARS = 50_000
DEFAULT_CHARS = 20_000
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_HEADERS = {
    "Accept": "text/html, application/xhtml+xml, application/json, text/*;q=0.9, */*;q=0.1"
}

FETCH_URL = ToolSpec(
    name="fetch_url",
    description=(
        "Read a web page, JSON or other text at an http(s) address. Returns the title, "
        "the text and the links. A long text is returned in parts: use `start` for "
        "the next part."
    ),
    parameters={
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "The complete address."},
            "start": {
                "type": "integer",
                "minimum": 0,
                "description": "Skip this many characters of the text.",
            },
            "max_chars": {
                "type": "integer",
                "minimum": 100,
                "maximum": MAX_CHARS,
                "description": f"How much text to return. The default is {DEFAULT_CHARS}.",
            },
        },
        "required": ["url"],
        "additionalProperties": False,
    },
    effect="read",
    timeout=30.0,
)


class FetchUrl:
    def __init__(self, http: HttpClient, spec: ToolSpec = FETCH_URL) -> None:
        self.spec = spec
        self._http = http

    async def call(self, invocation: ToolInvocation) -> str:
        url = invocation.arguments["url"]
        page, address = await self._fetch(url)
        start = invocation.arguments.get("start", 0)
        end = start + invocation.arguments.get("max_chars", DEFAULT_CHARS)
        return _formatted(page, address, start, end)

    async def _fetch(self, url: str) -> tuple[Page, str]:
        try:
            async with self._http.open(
                "GET", url, headers=_HEADERS, timeout=self.spec.timeout
            ) as response:
                return await _page(response), response.url
        except FetchError as error:
            # A read has no effect, so it does not matter whether the request arrived.
            raise ToolError(error.detail) from error


async def _page(response: HttpResponse) -> Page:
    host = urlsplit(response.url).hostname
    content_type = response.headers.get("Content-Type", "")
    kind = media_type(content_type)
    if response.status >= 400:
        raise ToolError(f"{host} responded with HTTP status {response.status}.")
    if kind and not is_text(kind):
        raise ToolError(f"{host} returned {kind}, which cannot be read as text.")
    body = await response.read_beginning(MAX_BYTES)
    if b"\x00" in body[:1024] and not kind:
        raise ToolError(f"{host} returned binary data, which cannot be read as text.")
    text = decoded(body, content_type)
    if kind in _HTML or (not kind and text.lstrip()[:1] == "<"):
        return await asyncio.to_thread(read_page, text, response.url)
    return Page("", text.strip())


def _formatted(page: Page, url: str, start: int, end: int) -> str:
    text = page.text[start:end]
    head = [f"Address: {url}"]
    if page.title:
        head.append(f"Title: {page.title[:300]}")
    rest = len(page.text) - end
    if rest > 0:
        head.append(
            f"This is a part. {rest} characters follow; continue with start={end}."
        )
    parts = ["\n".join(head), text or "(no text here)"]
    if page.links and not start:
        lines = (f"- {_one_line(text)}: {address}" for text, address in page.links)
        parts.append("Links:\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _one_line(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
