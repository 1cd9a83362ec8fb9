"""`scripts/conventions.py` finds wrong words, crowded folders and wall clocks."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.conventions import (
    BACKEND,
    CLOCKS,
    GENERATED,
    MAX_MODULES,
    MAX_PAGE_MODULES,
    ROOT,
    VOCABULARY,
    crowded_folders,
    tracked_files,
    wall_clocks,
    wrong_words,
)

# Read at run time, because these terms must not appear in this file.
TERMS = tomllib.loads(VOCABULARY.read_text())
IDENTIFIER, BETTER_NAME = next(iter(TERMS["identifiers"].items()))
WORD, BETTER_WORD = next(iter(TERMS["words"].items()))
PAGE = "frontend/src/features/tasks"


def violations(root: Path, text: str, name: str = "module.py") -> list[str]:
    """What is wrong with a file of this name and content."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return list(wrong_words(root, [name]))


def modules(folder: str, count: int, suffix: str = ".py") -> Iterator[str]:
    for number in range(count):
        yield f"{folder}/module_{number}{suffix}"


class TestWrongWords:
    @pytest.mark.parametrize(
        "name", ["module.py", "page.tsx", "docs/guide.md", "Makefile", ".env.example"]
    )
    def test_a_wrong_word_fails_in_any_text(self, tmp_path: Path, name: str) -> None:
        found = violations(tmp_path, f"first\n# It runs {WORD}.\n", name)

        assert found == [f'{name}:2: "{WORD}": write {BETTER_WORD}']

    @pytest.mark.parametrize("word", [*TERMS["words"]])
    def test_each_word_fails_in_upper_and_lower_case(
        self, tmp_path: Path, word: str
    ) -> None:
        assert len(violations(tmp_path, f"{word}\n{word.upper()}\n")) == 2

    def test_an_old_identifier_fails(self, tmp_path: Path) -> None:
        found = violations(tmp_path, f"class {IDENTIFIER}:\n    pass\n")

        assert found == [f'module.py:1: "{IDENTIFIER}": write {BETTER_NAME}']

    def test_an_identifier_is_matched_exactly(self, tmp_path: Path) -> None:
        text = f"{IDENTIFIER.lower()} = my_{IDENTIFIER} = {IDENTIFIER}s = 1"

        assert violations(tmp_path, text) == []

    @pytest.mark.parametrize("name", [*GENERATED, "image.svg"])
    def test_generated_files_and_other_formats_are_exempt(
        self, tmp_path: Path, name: str
    ) -> None:
        assert violations(tmp_path, WORD, name) == []

    def test_the_vocabulary_itself_is_exempt(self) -> None:
        name = VOCABULARY.relative_to(ROOT).as_posix()

        assert list(wrong_words(ROOT, [name])) == []


class TestCrowdedFolders:
    @pytest.mark.parametrize(
        ("folder", "suffix", "limit"),
        [
            ("backend/agentarium/db", ".py", MAX_MODULES),
            (PAGE, ".tsx", MAX_PAGE_MODULES),
        ],
    )
    def test_one_module_more_than_the_limit_fails(
        self, folder: str, suffix: str, limit: int
    ) -> None:
        (found,) = crowded_folders(modules(folder, limit + 1, suffix))

        assert list(crowded_folders(modules(folder, limit, suffix))) == []
        assert found.startswith(f"{folder}:1: {limit + 1} modules")

    def test_the_limits_are_20_and_25(self) -> None:
        assert (MAX_MODULES, MAX_PAGE_MODULES) == (20, 25)

    @pytest.mark.parametrize(
        ("folder", "suffix"),
        [
            ("backend/agentarium/db/tests", ".py"),
            ("backend/agentarium/tasks/migrations", ".py"),
            (PAGE, ".test.tsx"),
            ("frontend/e2e", ".ts"),
            ("frontend/src/components/ui", ".tsx"),
            ("docs/adr", ".md"),
        ],
    )
    def test_tests_migrations_and_generated_files_do_not_count(
        self, folder: str, suffix: str
    ) -> None:
        assert list(crowded_folders(modules(folder, 100, suffix))) == []


def test_tracked_files_are_relative_to_the_root() -> None:
    names = tracked_files(ROOT)

    assert "scripts/conventions.py" in names
    assert not [name for name in names if name.startswith((".venv", "/"))]


class TestWallClocks:
    @pytest.mark.parametrize(
        "line",
        [
            "moment = timezone.now()",
            "default=timezone.now",
            "datetime.now(UTC)",
            "time.time()",
            "models.DateTimeField(auto_now_add=True)",
        ],
    )
    def test_a_clock_that_can_be_set_fails(self, tmp_path: Path, line: str) -> None:
        assert found_clocks(tmp_path, f"import x\n{line}\n", "tasks/new.py")

    def test_a_monotonic_clock_and_the_databases_are_fine(self, tmp_path: Path) -> None:
        code = "time.monotonic()\nclock.now()\nNow()\n"

        assert not found_clocks(tmp_path, code, "tasks/new.py")

    def test_tests_may_read_any_clock(self, tmp_path: Path) -> None:
        assert not found_clocks(tmp_path, "timezone.now()", "tasks/tests/test_new.py")

    @pytest.mark.parametrize("name", tomllib.loads(CLOCKS.read_text()))
    def test_each_exception_still_reads_one(self, tmp_path: Path, name: str) -> None:
        code = (ROOT / BACKEND / name).read_text()

        assert found_clocks(tmp_path, code, "tasks/new.py")


def found_clocks(root: Path, code: str, name: str) -> list[str]:
    path = root / BACKEND / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    return list(wall_clocks(root, [BACKEND + name]))
