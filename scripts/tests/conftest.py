"""Fixtures of the tests of scripts/."""

from pathlib import Path

import pytest

from scripts.tests.installation import LOCKS, Installation, uv

# Time to build a wheel and to download its dependencies into an empty environment.
PACKAGING_SECONDS = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("packaging"):
            item.add_marker(pytest.mark.timeout(PACKAGING_SECONDS))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build_lock = ("--build-constraints", LOCKS / "build.txt", "--require-hashes")
    uv("build", "--wheel", "--out-dir", folder, *build_lock)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An environment with only the wheel and the locked runtime dependencies."""
    installation = Installation(tmp_path_factory.mktemp("environment"))
    installation.install(wheel)
    return installation
