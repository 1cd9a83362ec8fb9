from types import SimpleNamespace

import pytest
from rest_framework.test import APIClient

from agentarium.http import rate_limits
from agentarium.http.tests.local_request import LOCAL


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of rate limits, so that no test crosses the end of a window."""
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 1e9))


@pytest.fixture
def local_api() -> APIClient:
    """A client without an account, on the machine of a server that is local only."""
    return APIClient(**LOCAL)
