"""Converts a web page into text and a list of links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

# Parsing time grows with the square of the nesting depth. This many tags take a few
# seconds at worst.
MAX_TAGS = 30_000
MAX_LINKS = 100
MAX_LINK_CHARS = 300

_HIDDEN = (
    "script, style, noscript, template, svg, canvas, iframe, object, embed, "
    "head, dialog, [hidden], [aria-hidden=true]"
)
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "dd", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre"),
        *("section", "summary", "table", "tr", "ul", "body", "details", "option"),
    )
)
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_NO_BREAK_SPACE = "\u00a0"
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(slots=True)
class Page:
    title: str
    text: str
    # Text and address of each distinct link.
    links: list[tuple[str, str]] = field(default_factory=list)
    # Whether the text is the main text only.
    is_main: bool = False


def read_page(html: str, url: str) -> Page:
    """Extract the visible text and the links. `url` is the page's own address.

    It can take seconds: see `page_process`.
    """
    tree = LexborHTMLParser("<".join(html.split("<", MAX_TAGS)[:MAX_TAGS]))
    title = _title(tree)
    base = _base(tree, url)
    body = tree.body
    if body is None:
        return Page(title, "")
    for node in body.css(_HIDDEN):
        node.decompose()
    links = list(_links(body, base))
    return Page(title, _tidy("".join(_text_parts(body))), links)


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("head title")
    return " ".join(node.text().split()) if node is not None else ""


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("head base[href]")
    href = node.attributes.get("href") if node is not None else None
    return _joined(url, href) or url if href else url


def _links(body: LexborNode, base: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for node in body.css("a[href]"):
        address = _joined(base, node.attributes.get("href") or "")
        text = " ".join(node.text().split())
        if not address or not text or address in seen:
            continue
        seen.add(address)
        yield text[:MAX_LINK_CHARS], address
        if len(seen) == MAX_LINKS:
            return


def _joined(base: str, href: str) -> str:
    """The absolute address of a link without its fragment; empty if it is not HTTP."""
    try:
        address = urljoin(base, href.strip()).partition("#")[0]
    except ValueError:
        return ""
    is_http = address.startswith(("http://", "https://"))
    return address if is_http and len(address) <= MAX_LINK_CHARS else ""


def _text_parts(body: LexborNode) -> Iterator[str]:
    """The text in document order; each block starts on a new line."""
    preformatted = 0
    for node, is_start in _walk(body):
        tag = node.tag
        if tag == "-text":
            text = (node.text_content or "") if is_start else ""
            yield _preserved(text) if preformatted else _collapsed(text)
        elif is_start:
            preformatted += tag == "pre"
            yield _opening(tag)
        else:
            preformatted -= tag == "pre"
            yield _closing(tag)


def _collapsed(text: str) -> str:
    return _SPACES.sub(" ", text.replace("\n", " "))


def _preserved(text: str) -> str:
    """Preformatted text, with spaces that `_tidy` does not touch."""
    return text.expandtabs(4).replace(" ", _NO_BREAK_SPACE)


def _walk(body: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Each node twice: at its start (True) and its end. Not recursive: pages nest deeply."""
    node = body
    while True:
        yield node, True
        if node.first_child is not None:
            node = node.first_child
            continue
        yield node, False
        while node.next is None or node.mem_id == body.mem_id:
            if node.mem_id == body.mem_id or node.parent is None:
                return
            node = node.parent
            yield node, False
        node = node.next


def _opening(tag: str | None) -> str:
    if tag == "br":
        return "\n"
    if tag in {"td", "th"}:
        return " | "
    if tag == "li":
        return "\n- "
    if tag in _HEADINGS:
        return "\n\n" + _HEADINGS[tag]
    return "\n" if tag in _BLOCKS else ""


def _closing(tag: str | None) -> str:
    return "\n" if tag in _BLOCKS and tag not in {"li", "tr"} else ""


def _tidy(text: str) -> str:
    lines = (line.strip(" ").removeprefix("| ").rstrip() for line in text.split("\n"))
    joined = _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
    return joined.replace(_NO_BREAK_SPACE, " ")
