"""Every imported package is declared in pyproject.toml, not only a transitive dependency."""

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


def test_the_package_imports_only_declared_dependencies() -> None:
    statements = import_statements(
        file for file in (ROOT / "backend/agentarium").rglob("*.py") if is_shipped(file)
    )

    assert undeclared(statements, RUN) == {}


def test_tests_and_tools_import_only_declared_dependencies() -> None:
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
    """Imported modules that no requirement provides, with their distributions."""
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
    """The required distributions, and those that their extras add."""
    for text in requirements:
        required = Requirement(text)
        yield canonicalize_name(required.name)
        for extra in required.extras:
            for added in map(Requirement, requires(required.name) or ()):
                if added.marker and added.marker.evaluate({"extra": extra}):
                    yield canonicalize_name(added.name)
