"""Converting pages and bodies into text."""

import pytest

from agentarium.runtime.tools.page import MAX_LINKS, read_page
from agentarium.runtime.tools.text import decoded, is_text, media_type

URL = "https://example.com/docs/page"


def text_of(body: str) -> str:
    return read_page(f"<html><body>{body}</body></html>", URL).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>One</h1><p>two   <b>three</b>\nfour</p>", "# One\n\ntwo three four"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<ul><li>a<li>b</ul>c", "- a\n- b\nc"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A | B\n1 | 2"),
        ("<pre>if x:\n    y()</pre>", "if x:\n    y()"),
        ("a<script>evil()</script><style>x{}</style><!-- c -->b", "ab"),
        ("<p hidden>a</p><div aria-hidden=true>b</div>c", "c"),
        ("&lt;b&gt; &amp; &eacute;", "<b> & é"),
        ("<div><div><div></div></div></div>a", "a"),
        ("<pre></pre>a  b", "a b"),
        ("", ""),
    ],
)
def test_converts_a_page_into_text(html: str, text: str) -> None:
    assert text_of(html) == text


def test_reads_the_title_and_distinct_absolute_links() -> None:
    page = read_page(
        "<title> The\n title </title><base href=/other/><body>"
        "<a href='a?b=1#c'>One <i>a</i></a><a href='a?b=1'>again</a>"
        "<a href='javascript:x()'>js</a><a href=mailto:a@b.c>mail</a>"
        "<a href='//cdn.example/x'>Two</a><a href='http://[bad'>bad</a><a href=b></a>",
        URL,
    )

    assert page.title == "The title"
    assert page.links == [
        ("One a", "https://example.com/other/a?b=1"),
        ("Two", "https://cdn.example/x"),
    ]


def test_limits_the_number_of_links() -> None:
    links = "".join(f"<a href='/{number}'>x</a>" for number in range(500))

    assert len(read_page(links, URL).links) == MAX_LINKS


@pytest.mark.parametrize(
    "html", ["", "<", "<html>", "no tags", "\x00", "<body", "</p>"]
)
def test_accepts_broken_html(html: str) -> None:
    assert read_page(html, URL).links == []


def test_truncates_a_page_with_too_many_tags() -> None:
    assert read_page("<b>" * 1_000_000 + "end", URL).text == ""


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("grün".encode(), "text/html; charset=utf-8"),
        ("grün".encode(), "text/html"),
        ("grün".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ("grün".encode("cp1252"), 'text/html; charset="windows-1252"'),
        ("grün".encode("utf-8-sig"), "text/html; charset=latin-1"),
        (b"\xff\xfe" + "grün".encode("utf-16-le"), "text/html"),
        (b"\xfe\xff" + "grün".encode("utf-16-be"), "text/html"),
        ("grün".encode(), "text/html; charset=no-such-charset"),
        ("grün".encode(), "text/html; charset=zip"),
        ("grün".encode(), "text/html; charset=punycode"),
        ("grün".encode(), "text/html; charset="),
    ],
)
def test_decodes_charsets(body: bytes, content_type: str) -> None:
    assert decoded(body, content_type) == "grün"


def test_uses_the_charset_of_a_meta_element() -> None:
    page = "<meta charset='iso-8859-2'>ł"

    assert decoded(page.encode("iso-8859-2"), "text/html") == page


def test_replaces_bytes_that_cannot_be_decoded() -> None:
    assert decoded(b"a\xffb", "text/plain; charset=utf-8") == "a\ufffdb"


@pytest.mark.parametrize(
    ("media", "is_readable"),
    [
        ("text/plain", True),
        ("application/json", True),
        ("application/ld+json", True),
        ("application/atom+xml", True),
        ("image/png", False),
        ("application/pdf", False),
        ("application/octet-stream", False),
        ("video/mp4", False),
    ],
)
def test_tells_text_from_other_media_types(media: str, *, is_readable: bool) -> None:
    assert is_text(media_type(f"{media.upper()} ; q=1")) is is_readable
