from types import SimpleNamespace

import pytest

from agentarium.core import rate_limits


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test runs across the edge of a rate's window."""
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 1e9))
