"""A deployment in which nothing is set, and one model server to be found."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentarium.providers.tests.servers import serving
from agentarium.runtime.providers import PROVIDERS
from bench.fake_provider import FakeProvider

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9/v1"

Deploy = Callable[..., None]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def deploy(settings: Any, tmp_path: Path) -> Deploy:
    """Sets keys and URLs by provider: `deploy(openai=("sk-1", url))`."""

    def set_providers(**told: tuple[str, str]) -> None:
        told = {"ollama": ("", NOWHERE)} | told
        settings.PROVIDERS = {
            name: dict(
                zip(("api_key", "base_url"), told.get(name, ("", "")), strict=True)
            )
            for name in PROVIDERS
        }

    settings.DATA = tmp_path
    settings.BUILTIN_MODEL_WEIGHTS = ""
    settings.DEFAULT_MODEL = ""
    set_providers()
    return set_providers
