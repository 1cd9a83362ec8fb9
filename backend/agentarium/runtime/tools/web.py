"""The tool that fetches a web page or document as text."""

import json
from typing import Any
from urllib.parse import urlsplit

from agentarium.runtime.tools.base import ToolError, ToolInvocation, ToolSpec
from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse
from agentarium.runtime.tools.page import Page
from agentarium.runtime.tools.text import decoded, is_text, media_type
from agentarium.runtime.utility_process.pool import UtilityPool

MAX_BYTES = 2_000_000
MAX_CHARS = 50_000
DEFAULT_CHARS = 20_000
READ_SECONDS = 10.0
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_HEADERS = {
    "Accept": "text/html, application/xhtml+xml, application/json, text/*;q=0.9, */*;q=0.1"
}

page_pool = UtilityPool("agentarium.runtime.tools.page_process", seconds=READ_SECONDS)

FETCH_URL = ToolSpec(
    name="fetch_url",
    description=(
        "Read a web page, JSON or other text at an http(s) address. Returns the title, "
        "the main text and the links. A long text is returned in parts: use `start` for "
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
            "whole": {
                "type": "boolean",
                "description": "Return all text of a page, with menus, comments and so on.",
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
        page, address = await self._fetch(invocation)
        start = invocation.arguments.get("start", 0)
        end = start + invocation.arguments.get("max_chars", DEFAULT_CHARS)
        return _formatted(page, address, start, end)

    async def _fetch(self, invocation: ToolInvocation) -> tuple[Page, str]:
        url = invocation.arguments["url"]
        try:
            async with self._http.open(
                "GET", url, headers=_HEADERS, timeout=self.spec.timeout
            ) as response:
                text, is_html = await _text(response)
                address = response.url
        except FetchError as error:
            # A read has no effect, so it does not matter whether the request arrived.
            raise ToolError(error.detail) from error
        if not is_html:
            return Page("", text.strip()), address
        whole = invocation.arguments.get("whole", False)
        request = {"html": text, "url": address, "whole": whole}
        return await _page(request, invocation.owner_id), address


async def _page(request: dict[str, Any], owner: int) -> Page:
    """Read a page in another process. Without time for the main text, it has all text."""
    answers = (await page_pool.ask(request, owner=owner)).answers
    if not answers:
        raise ToolError("The page is too large or too complex to be read.")
    return Page(**answers[-1])


async def _text(response: HttpResponse) -> tuple[str, bool]:
    """The body as text, and whether it is a page."""
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
    return text, kind in _HTML or (not kind and text.lstrip()[:1] == "<")


def _formatted(page: Page, url: str, start: int, end: int) -> str:
    text = page.text[start:end]
    head = [f"Address: {url}"]
    if page.title:
        head.append(f"Title: {page.title[:300]}")
    if page.is_main:
        head.append("This is the main text. With whole=true, the page has more.")
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
