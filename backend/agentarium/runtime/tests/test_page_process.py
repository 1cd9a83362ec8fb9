"""What is read from a page: its main text if it has one, otherwise all of its text."""

from typing import Any

import pytest

from agentarium.runtime.tools import page_process
from agentarium.runtime.tools.page_process import handle

MENU = "<nav><ul><li><a href=/>Home</a></li><li><a href=/a>Archive</a></li></ul></nav>"
PARAGRAPH = (
    "The harbour was built in 1890, when the railway reached the town, and it has been "
    "enlarged twice since then, because the ships grew faster than anyone had expected."
)
ARTICLE = (
    f"<title>Harbour</title>{MENU}<article><h1>The harbour</h1><p>{PARAGRAPH}</p>"
    f"<h2>Trade</h2><p>{PARAGRAPH} Most of it was <b>timber</b>.</p>"
    "<table><tr><th>Year</th><th>Ships</th></tr><tr><td>1900</td><td>812</td></tr></table>"
    "</article><footer>Imprint, privacy, cookies</footer>"
)


def answers(html: str, *, whole: bool = False) -> list[dict[str, Any]]:
    request = {"html": html, "url": "https://example.com/a", "whole": whole}
    return [*handle(request)]


def test_reads_the_main_text_of_an_article() -> None:
    everything, main = answers(ARTICLE)

    assert "Archive" in everything["text"]
    assert "Imprint" in everything["text"]
    assert main["text"].startswith("# The harbour\n")
    assert "| 1900 | 812 |" in main["text"]
    assert "Archive" not in main["text"]
    assert "Imprint" not in main["text"]
    assert (main["title"], main["is_main"]) == ("Harbour", True)
    assert main["links"] == everything["links"] != []


def test_reads_all_text_if_asked_to() -> None:
    (everything,) = answers(ARTICLE, whole=True)

    assert "Imprint" in everything["text"]


@pytest.mark.parametrize(
    "html",
    [
        "<p>Short page.</p>",
        "plain text",
        '{"a": 1}',
        "",
        "<",
        "<script>x()</script>",
        "<table><tr><td>1</td><td>2</td></tr></table>",
        "<div>" * 5_000,
        "".join(f"<a href=/{number}>Link {number}</a> " for number in range(90)),
        "<p>x</p>" * 16_000,
    ],
)
def test_reads_all_text_of_a_page_without_a_main_text(html: str) -> None:
    assert [answer["is_main"] for answer in answers(html)] == [False]


def test_limits_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_process, "MAX_TEXT_CHARS", 300)

    assert [len(answer["text"]) for answer in answers(ARTICLE)] == [300, 300]
