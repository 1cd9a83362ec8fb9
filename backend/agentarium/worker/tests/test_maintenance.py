"""What maintenance does besides the queue."""

import pytest

from agentarium.worker.queue import maintenance


@pytest.mark.django_db
def test_keeps_the_log_of_sqlite_small(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def truncate() -> bool:
        calls.append(1)
        return True

    monkeypatch.setattr(maintenance, "truncate_wal", truncate)

    may_have_tasks = maintenance.run_maintenance(leases_are_trustworthy=lambda: False)

    assert calls == [1]
    assert not may_have_tasks
