"""The utility process that reads web pages."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import trafilatura
from selectolax.lexbor import LexborHTMLParser

from agentarium.runtime.tools.page import Page, read_page
from agentarium.runtime.utility_process.server import serve

MEMORY_BYTES = 1_000_000_000
MAX_TEXT_CHARS = 2_000_000
# A main text that is shorter, and a tenth of the page or less, was not found rather
# than short: the page is a list of links, a search result, an application.
_MIN_MAIN_CHARS = 250
_MIN_MAIN_SHARE = 0.1
# Twice as many take ten seconds.
_MAX_MAIN_TAGS = 30_000


def handle(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Read `html` at `url`: first all of its text, then, if it has one, the main text.

    With `whole` there is no second answer.
    """
    page = read_page(request["html"], request["url"])
    yield _answer(page)
    if not request["whole"]:
        main = _main_text(request["html"], request["url"])
        if _is_main(main, page.text):
            yield _answer(replace(page, text=main, is_main=True))


def _answer(page: Page) -> dict[str, Any]:
    return asdict(page) | {"text": page.text[:MAX_TEXT_CHARS]}


def _main_text(html: str, url: str) -> str:
    """The article without navigation and the like, as Markdown; empty if there is none."""
    if html.count("<") > _MAX_MAIN_TAGS:
        return ""
    # As a browser would repair it: trafilatura refuses pages without an `html` tag.
    repaired = LexborHTMLParser(html).html or ""
    found = trafilatura.extract(
        repaired, url=url, output_format="markdown", include_tables=True
    )
    return (found or "").strip()


def _is_main(main: str, text: str) -> bool:
    has_enough = (
        len(main) >= _MIN_MAIN_CHARS and len(main) > len(text) * _MIN_MAIN_SHARE
    )
    # If it leaves nothing out, the text of the page keeps more of its form.
    return has_enough and len(main) < len(text)


if __name__ == "__main__":
    serve(handle, memory_bytes=MEMORY_BYTES)
