from types import SimpleNamespace

import pytest
from rest_framework.test import APIClient

from agentarium.http import rate_limits
from agentarium.http.tests.local import LOCAL


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test runs across the edge of a rate's window."""
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 1e9))


@pytest.fixture
def local_api() -> APIClient:
    """Somebody without an account, at a machine that serves itself only."""
    return APIClient(**LOCAL)
