"""`agentarium workers` and `queue`."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.services import create_agent
from agentarium.cli.tests.conftest import Invoke
from agentarium.tasks.models import Worker
from agentarium.tasks.services import submit_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> Worker:
    now = timezone.now()
    Worker.objects.create(
        name="gone:1", capacity=5, lease_until=now - timedelta(minutes=1), lost_at=now
    )
    return Worker.objects.create(
        name="here:2", capacity=7, lease_until=now + timedelta(minutes=1)
    )


class TestWorkers:
    def test_shows_who_is_alive_and_who_was_lost(
        self, invoke: Invoke, worker: Worker
    ) -> None:
        lines = invoke("workers").stdout.splitlines()

        assert [line.split()[1:3] for line in lines[1:]] == [
            ["here:2", "alive"],
            ["gone:1", "lost"],
        ]
        assert "0 of 7" in lines[1]

    def test_shows_how_far_their_clocks_are_from_the_databases(
        self, invoke: Invoke, worker: Worker
    ) -> None:
        Worker.objects.filter(pk=worker.pk).update(clock_offset_seconds=-3600)

        lines = invoke("workers").stdout.splitlines()

        assert lines[0].split()[-1] == "CLOCK"
        assert lines[1].rstrip().endswith("-3,600 s")

    def test_prints_the_json_of_the_api(self, invoke: Invoke, worker: Worker) -> None:
        rows = json.loads(invoke("workers", "--json").stdout)

        assert rows[0]["id"] == worker.pk
        assert rows[0]["is_alive"] is True

    def test_reports_that_there_are_no_workers(self, invoke: Invoke) -> None:
        assert "No workers" in invoke("workers").stdout


class TestQueue:
    def test_shows_its_depth_and_its_oldest_task(
        self, invoke: Invoke, alice: User, worker: Worker
    ) -> None:
        agent = create_agent(owner=alice, name="Writer", model="scripted")
        task = submit_task(agent=agent, input_text="Hello", owner=alice)

        output = invoke("queue").stdout
        data = json.loads(invoke("queue", "--json").stdout)

        assert f"task {task.pk}, for" in output
        assert "0 of 7" in output
        assert data["depth"]["pending"] == 1

    def test_watching_refreshes_until_it_is_interrupted(
        self, invoke: Invoke, worker: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                raise KeyboardInterrupt

        monkeypatch.setattr("agentarium.cli.records.workers.sleep", pause)

        result = invoke("queue", "--watch")

        assert len(pauses) == 3
        assert "Traceback" not in result.output
