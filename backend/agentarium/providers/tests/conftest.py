"""A deployment without settings, and a model server to call."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentarium.providers.tests.servers import serving
from agentarium.runtime.providers import PROVIDERS
from bench.fake_provider import FakeProvider

# Nothing listens there.
UNREACHABLE = "http://127.0.0.1:9/v1"

Deploy = Callable[..., None]


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def deploy(settings: Any, tmp_path: Path) -> Deploy:
    """Sets keys and URLs by provider: `deploy(openai=("sk-1", url))`."""

    def set_providers(**values: tuple[str, str]) -> None:
        values = {"ollama": ("", UNREACHABLE)} | values
        settings.PROVIDERS = {
            name: dict(
                zip(("api_key", "base_url"), values.get(name, ("", "")), strict=True)
            )
            for name in PROVIDERS
        }

    settings.DATA = tmp_path
    settings.BUILTIN_MODEL_WEIGHTS = ""
    settings.DEFAULT_MODEL = ""
    set_providers()
    return set_providers
