"""Retention, and the runner of periodic jobs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from agentarium.accounts.models import StoredData, User
from agentarium.accounts.storage import add_unlimited, json_row_size, stored_bytes
from agentarium.core import job_registry
from agentarium.core.job_registry import JobDefinition
from agentarium.db import clock
from agentarium.operations import retention
from agentarium.operations.job_runner import run_due_jobs
from agentarium.operations.retention import delete_old_logs
from agentarium.tasks.models import (
    AgentTask,
    Draft,
    Event,
    PeriodicJob,
    Step,
    Submission,
)
from agentarium.tasks.tests.factories import EventFactory, StepFactory, TaskFactory

pytestmark = pytest.mark.django_db


def ended_task(days: float, **fields: Any) -> AgentTask:
    """A completed task with a step, three events and a draft."""
    task = TaskFactory.create(
        completed=True, finished_at=timezone.now() - timedelta(days=days), **fields
    )
    StepFactory.create(task=task, seq=2)
    EventFactory.create(task=task)
    EventFactory.create(task=task, attempt=1, seq=2, type="step.completed")
    EventFactory.create(task=task, attempt=1, seq=3, type="task.completed")
    Draft.objects.create(
        task=task, attempt=1, seq=1, step=1, channel="text", offset=0, text="Half"
    )
    return task


def delete_all() -> int:
    """Delete until no logs are left; returns the number of chunks."""
    checkpoint, chunks = None, 0
    while (following := delete_old_logs(checkpoint, clock.now())) is not None:
        checkpoint, chunks = following, chunks + 1
    return chunks


def test_keeps_the_task_its_steps_and_its_last_event() -> None:
    task = ended_task(91)

    delete_all()

    assert AgentTask.objects.filter(pk=task.pk).exists()
    assert Step.objects.filter(task=task).exists()
    assert [event.type for event in Event.objects.all()] == ["task.completed"]
    assert not Draft.objects.exists()


def test_keeps_the_logs_of_recent_and_of_unfinished_tasks() -> None:
    task = ended_task(89)
    EventFactory.create(
        task=TaskFactory.create(created_at=timezone.now() - timedelta(days=900))
    )

    delete_all()

    assert Event.objects.filter(task=task).count() == 3
    assert Event.objects.count() == 4


def test_frees_the_bytes_of_the_logs_that_it_deletes() -> None:
    task = ended_task(91)
    kept = json_row_size(task.events.get(type="task.completed").data)
    sizes = [json_row_size(event.data) for event in task.events.all()]
    before = stored_bytes(task.owner_id)
    add_unlimited({task.owner_id: sum(sizes)})

    delete_all()

    assert stored_bytes(task.owner_id) == before + kept


def test_frees_no_more_than_is_counted() -> None:
    task = ended_task(91)
    StoredData.objects.update(used_bytes=1)

    delete_all()

    assert stored_bytes(task.owner_id) == 0


def test_a_retention_of_zero_days_keeps_all_logs(settings: Settings) -> None:
    settings.KEEP_EVENTS_DAYS = 0
    ended_task(9000)

    delete_all()

    assert Event.objects.count() == 3


def test_continues_at_its_checkpoint(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(retention, "MAX_TASKS", 2)
    same = timezone.now() - timedelta(days=100)
    for _ in range(5):
        AgentTask.objects.filter(pk=ended_task(91).pk).update(finished_at=same)

    first = delete_old_logs(None, clock.now())
    assert Event.objects.count() == 2 + 3 * 3
    # 1. the tasks, 2. their locks, 3. the sizes of their events, 4. the events, 5. their
    # drafts, 6. the owners' bytes; 7. and 8. a savepoint
    with django_assert_num_queries(8):
        second = delete_old_logs(first, clock.now())
    assert Event.objects.count() == 4 + 3
    third = delete_old_logs(second, clock.now())

    assert Event.objects.count() == 5
    assert delete_old_logs(third, clock.now()) is None


def test_deletes_expired_idempotency_keys(alice: User) -> None:
    task = TaskFactory.create(agent__owner=alice)
    for key, hours in (("old", 25), ("young", 23)):
        Submission.objects.create(
            owner=alice,
            key=key,
            task=task,
            created_at=timezone.now() - timedelta(hours=hours),
        )

    assert retention.forget_submissions(clock.now()) == 1
    assert [submission.key for submission in Submission.objects.all()] == ["young"]


class TestPeriodicJobs:
    @pytest.fixture
    def done(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """The checkpoints that a job of three chunks was called with."""
        checkpoints: list[Any] = []

        def run_chunk(checkpoint: Any, _now: datetime) -> Any:
            checkpoints.append(checkpoint)
            number = checkpoint or 0
            return number + 1 if number < 2 else None

        job = JobDefinition(run_chunk, every=timedelta(hours=1))
        monkeypatch.setattr(job_registry, "JOBS", {"count": job})
        return checkpoints

    def test_runs_chunks_until_none_is_left(self, done: list[Any]) -> None:
        for _ in range(10):
            run_due_jobs()

        assert done == [None, 1, 2]

    def test_continues_at_the_checkpoint_when_due_again(self, done: list[Any]) -> None:
        for _ in range(10):
            run_due_jobs()
        PeriodicJob.objects.update(due_at=timezone.now() - timedelta(seconds=1))

        run_due_jobs()

        assert done == [None, 1, 2, 2]

    def test_takes_one_query_if_no_job_is_due(
        self, done: list[Any], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(3):
            run_due_jobs()

        # 1. the periodic jobs that are due later
        with django_assert_num_queries(1):
            run_due_jobs()

    def test_a_failed_chunk_leaves_the_checkpoint_unchanged(
        self, done: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> Any:
            PeriodicJob.objects.update(checkpoint=99)
            raise ValueError

        run_due_jobs()
        monkeypatch.setitem(
            job_registry.JOBS,
            "count",
            JobDefinition(fail, every=timedelta(hours=1)),
        )
        run_due_jobs()

        assert PeriodicJob.objects.get().checkpoint == 1

    def test_every_registered_job_finishes(self) -> None:
        ended_task(91)

        for _ in range(3):
            run_due_jobs()

        assert Event.objects.count() == 1
        later: Callable[..., Any] = PeriodicJob.objects.filter(
            due_at__gt=timezone.now()
        ).count
        assert later() == len(job_registry.JOBS)

    def test_each_app_registers_its_jobs(self) -> None:
        assert set(job_registry.JOBS) == {
            "count_ended_tasks",
            "delete_old_logs",
            "delete_expired_sessions",
            "delete_expired_tokens",
            "forget_submissions",
        }
