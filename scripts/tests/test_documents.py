"""The links in the documents, and the files that they name, exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The folders that paths in the documents are relative to.
BASES = [ROOT, ROOT / "backend", ROOT / "backend/agentarium", ROOT / "frontend/src"]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder, pattern in ((ROOT, "*.md"), (ROOT / "docs", "**/*.md"))
    for path in folder.glob(pattern)
)
DECISIONS = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))

FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# A path with at least one folder; a bare file name is not checked.
NAMED_FILE = re.compile(r"(?<![\w./-])[\w.-]+(?:/[\w.-]+)+\.(?:py|ts|tsx)\b")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_has_a_target(document: str) -> None:
    assert list(broken_links(ROOT / document)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_file_exists(document: str) -> None:
    assert sorted(missing_files((ROOT / document).read_text())) == []


def test_finds_missing_targets_and_files(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n"
        "[here](#a-title) [there](page.md#a-title) [out](https://example.com/x)\n"
        "[gone](gone.md) [no heading](page.md#gone) `agents/gone.py` `agents/models.py`"
    )

    assert list(broken_links(page)) == ["gone.md", "page.md#gone"]
    assert missing_files(page.read_text()) == {"agents/gone.py"}


def test_the_documents_are_found() -> None:
    assert {"README.md", "docs/architecture.md", "docs/adr/README.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DECISIONS)
def test_every_decision_has_a_title_and_a_status_and_is_in_the_index(name: str) -> None:
    title, dated = (ROOT / "docs/adr" / name).read_text().split("\n\n")[:2]

    heading = re.fullmatch(r"# (\d+)\. (.+)", title)
    assert heading is not None
    assert int(heading[1]) == int(name[:4])
    status = r"Date: \d{4}-\d\d-\d\d · Status: (accepted|superseded by \d+)"
    assert re.fullmatch(status, dated)
    line = f"| {heading[1]} | [{heading[2]}]({name}) |"
    assert line in (ROOT / "docs/adr/README.md").read_text().splitlines()


def broken_links(page: Path) -> Iterator[str]:
    """Yield the relative links of a page whose file or heading does not exist."""
    for target in LINK.findall(CODE.sub("", FENCED.sub("", page.read_text()))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts generate them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def missing_files(text: str) -> set[str]:
    """The source files named in backticks that exist in none of the base folders."""
    code = " ".join(CODE.findall(FENCED.sub("", text)))
    return {
        name
        for name in NAMED_FILE.findall(code)
        if not any((base / name).is_file() for base in BASES)
    }
