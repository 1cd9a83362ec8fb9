"""What the code imports is declared in pyproject.toml, not a dependency's dependency."""

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.tests.import_everything import import_statements

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PROJECT["project"]["dependencies"]
DEVELOP = PROJECT["dependency-groups"]["dev"]
OURS = {"agentarium", "bench", "scripts"}


def test_the_program_imports_only_what_it_declares() -> None:
    statements = import_statements(
        file for file in (ROOT / "backend/agentarium").rglob("*.py") if is_shipped(file)
    )

    assert undeclared(statements, RUN) == {}


def test_tests_and_tools_import_only_what_they_declare() -> None:
    statements = import_statements(
        file
        for folder in ("backend", "bench", "scripts")
        for file in (ROOT / folder).rglob("*.py")
    )

    assert undeclared(statements, [*RUN, *DEVELOP]) == {}


def is_shipped(file: Path) -> bool:
    return "tests" not in file.parts and file.name != "conftest.py"


def undeclared(
    statements: Iterable[str], requirements: Iterable[str]
) -> dict[str, list[str]]:
    """Top-level modules that no requirement asks for, with who brings them."""
    declared = {*distributions(requirements)}
    owners = packages_distributions()
    return {
        module: owners.get(module, [])
        for module in {*top_level_modules(statements)}
        if module not in sys.stdlib_module_names | OURS
        and declared.isdisjoint(map(canonicalize_name, owners.get(module, [])))
    }


def top_level_modules(statements: Iterable[str]) -> Iterator[str]:
    for statement in statements:
        for node in ast.parse(statement).body:
            if isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]
            elif isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)


def distributions(requirements: Iterable[str]) -> Iterator[str]:
    """The packages asked for by name, and those that the extras asked for bring."""
    for text in requirements:
        asked = Requirement(text)
        yield canonicalize_name(asked.name)
        for extra in asked.extras:
            for brought in map(Requirement, requires(asked.name) or ()):
                if brought.marker and brought.marker.evaluate({"extra": extra}):
                    yield canonicalize_name(brought.name)
