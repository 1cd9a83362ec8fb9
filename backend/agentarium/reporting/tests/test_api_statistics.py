"""Statistics of ended tasks: each counts once, and reading them reads no tasks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.tests.factories import AgentFactory
from agentarium.db.tests.plans import plans_of
from agentarium.operations.job_runner import run_due_jobs
from agentarium.tasks import counters
from agentarium.tasks.models import AgentTask, PeriodicJob, TaskCount, TaskDuration
from agentarium.tasks.services import retry_task
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.tests.eventually import eventually_sync

STATS = "/api/stats/"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def ended(owner: User, at: datetime = NOON, seconds: float = 8, **fields: Any) -> Any:
    """A task that ended after `seconds`, half of which it was in the queue."""
    status = fields.pop("status", "completed")
    return TaskFactory.create(
        **{"agent__owner": owner} | fields,
        status=status,
        created_at=at - timedelta(seconds=seconds),
        started_at=at - timedelta(seconds=seconds / 2),
        finished_at=at,
        input_tokens=10,
        output_tokens=2,
        cost_nanodollars=1_500_000,
    )


def count_all() -> None:
    """Run the job until it has counted all tasks."""
    job = PeriodicJob.objects.filter(name=counters.COUNT_JOB)
    job.update(due_at=timezone.now() - timedelta(days=1))

    def has_caught_up() -> bool:
        run_due_jobs()
        return job.filter(due_at__gt=timezone.now()).exists()

    eventually_sync("the counts to catch up", has_caught_up)


def get_stats(api: APIClient, **query: Any) -> Any:
    window = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-03T23:00:00Z"}
    response = api.get(STATS, window | query)
    assert response.status_code == 200, response.data
    return response.data


def outcomes(figures: Any) -> tuple[int, int, int]:
    return figures["completed"], figures["failed"], figures["cancelled"]


class TestReport:
    def test_counts_by_day_and_by_agent(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        busy = AgentFactory.create(owner=alice, name="Busy")
        ended(alice, agent=busy)
        ended(alice, agent=busy, at=NOON + timedelta(days=1), seconds=32)
        ended(alice, agent=busy, status="failed")
        ended(alice, status="cancelled")
        ended(alice, at=NOON - timedelta(days=5))
        TaskFactory.create(running=True, agent=busy)
        count_all()

        # 1. the counts, 2. the durations, 3. the agents with the most tasks, 4. their
        # durations, 5. their names, 6. the job's checkpoint
        with django_assert_num_queries(6):
            data = get_stats(api)

        assert [
            (bucket["start"][:10], outcomes(bucket)) for bucket in data["series"]
        ] == [
            ("2026-03-01", (0, 0, 0)),
            ("2026-03-02", (1, 1, 1)),
            ("2026-03-03", (1, 0, 0)),
        ]
        assert outcomes(data["total"]) == (2, 1, 1)
        assert data["total"]["input_tokens"] == 40
        assert data["total"]["output_tokens"] == 8
        assert data["total"]["cost"] == "0.006"
        assert data["agents"][0]["cost"] == "0.0045"
        assert data["counted_until"] == (NOON + timedelta(days=1)).isoformat().replace(
            "+00:00", "Z"
        )
        assert data["agents"][0]["agent"] == busy.pk
        assert data["agents"][0]["agent_name"] == "Busy"
        assert outcomes(data["agents"][0]) == (2, 1, 0)
        assert len(data["agents"]) == 2

    def test_marks_incomplete_costs(self, api: APIClient, alice: User) -> None:
        ended(alice, at=NOON + timedelta(days=1))
        ended(alice, cost_is_complete=False)
        count_all()

        data = get_stats(api)

        assert [
            (bucket["cost"], bucket["cost_is_complete"]) for bucket in data["series"]
        ] == [("0", True), ("0.0015", False), ("0.0015", True)]
        assert data["total"]["cost_is_complete"] is False

    def test_reports_the_durations_of_completed_tasks(
        self, api: APIClient, alice: User
    ) -> None:
        ended(alice, seconds=8)
        ended(alice, seconds=8)
        ended(alice, seconds=1000, status="failed")
        count_all()

        total = get_stats(api)["total"]

        assert total["latency_seconds"]["p50"] == pytest.approx(8, rel=0.1)
        assert total["run_seconds"]["p95"] == pytest.approx(4, rel=0.1)

    def test_the_latency_of_a_scheduled_task_starts_when_it_is_due(
        self, api: APIClient, alice: User
    ) -> None:
        ended(alice, seconds=7200, run_after=NOON - timedelta(seconds=8))
        count_all()

        latency = get_stats(api)["total"]["latency_seconds"]

        assert latency["p50"] == pytest.approx(8, rel=0.1)

    def test_counts_by_hour(self, api: APIClient, alice: User) -> None:
        ended(alice, at=NOON + timedelta(minutes=59, seconds=59))
        ended(alice, at=NOON + timedelta(minutes=60))
        count_all()

        data = get_stats(
            api, bucket="hour", since=NOON.isoformat(), until="2026-03-02T14:30:00Z"
        )

        assert [outcomes(bucket) for bucket in data["series"]] == [
            (1, 0, 0),
            (1, 0, 0),
            (0, 0, 0),
        ]

    def test_counts_one_agent(self, api: APIClient, alice: User) -> None:
        task = ended(alice)
        ended(alice)
        count_all()

        data = get_stats(api, agent=task.agent_id)

        assert outcomes(data["total"]) == (1, 0, 0)
        assert [agent["agent"] for agent in data["agents"]] == [task.agent_id]

    def test_ends_today_by_default(self, api: APIClient) -> None:
        data = api.get(STATS).data

        today = timezone.now().date().isoformat()
        assert len(data["series"]) in (30, 31)
        assert data["series"][-1]["start"][:10] == today
        assert data["counted_until"] is None
        assert data["total"]["latency_seconds"] is None

    @pytest.mark.parametrize("bucket", ["hour", "day"])
    def test_has_a_first_period(self, api: APIClient, bucket: str) -> None:
        response = api.get(STATS, {"bucket": bucket, "until": "0001-01-01T00:00Z"})

        assert response.status_code == 200
        assert [row["start"] for row in response.data["series"]] == [
            "0001-01-01T00:00:00Z"
        ]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"bucket": "week"}, "bucket"),
            ({"since": "yesterday"}, "since"),
            ({"since": "2026-03-02T00:00Z", "until": "2026-03-01T00:00Z"}, "since"),
            ({"since": "2020-01-01T00:00Z"}, "since"),
            ({"agent": "x"}, "agent"),
        ],
    )
    def test_names_the_invalid_parameter(
        self, api: APIClient, query: dict[str, str], field: str
    ) -> None:
        response = api.get(STATS, query)

        assert response.status_code == 400
        assert list(response.data["errors"]) == [field]


class TestStrangers:
    def test_see_no_tasks_of_other_users(
        self, stranger_api: APIClient, alice: User, stranger: User
    ) -> None:
        ended(alice)
        count_all()

        data = get_stats(stranger_api)

        assert outcomes(data["total"]) == (0, 0, 0)
        assert data["agents"] == []

    def test_cannot_select_an_agent_of_another_user(
        self, stranger_api: APIClient, alice: User
    ) -> None:
        response = stranger_api.get(STATS, {"agent": ended(alice).agent_id})

        assert response.status_code == 400
        assert list(response.data["errors"]) == ["agent"]


class TestCounting:
    def test_the_size_of_chunks_does_not_change_the_sums(
        self, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = UserFactory.create()
        for minute in range(5):
            ended(alice, at=NOON + timedelta(minutes=20 * minute))
            ended(other, status="failed")
        count_all()
        expected = stored()
        reset()
        monkeypatch.setattr(counters, "MAX_TASKS", 1)

        count_all()

        assert stored() == expected

    def test_runs_several_chunks_in_a_row(
        self, api: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counters, "MAX_TASKS", 1)
        for _ in range(3):
            ended(alice)

        run_due_jobs()

        assert outcomes(get_stats(api)["total"]) == (3, 0, 0)

    def test_does_not_count_tasks_that_have_just_ended(self, alice: User) -> None:
        ended(alice, at=timezone.now())

        count_all()

        assert not TaskCount.objects.exists()

    def test_a_retried_task_counts_when_it_ends_again(
        self, api: APIClient, alice: User
    ) -> None:
        task = ended(alice, status="failed")
        count_all()
        assert outcomes(get_stats(api)["total"]) == (0, 1, 0)

        retry_task(task, by=alice)

        assert outcomes(get_stats(api)["total"]) == (0, 0, 0)
        assert get_stats(api)["total"]["input_tokens"] == 0
        assert get_stats(api)["total"]["cost"] == "0"
        next_day = NOON + timedelta(days=1)
        AgentTask.objects.update(status="completed", finished_at=next_day)
        count_all()
        data = get_stats(api)
        assert outcomes(data["series"][1]) == (0, 0, 0)
        assert outcomes(data["series"][2]) == (1, 0, 0)
        assert data["total"]["input_tokens"] == 10

    def test_a_task_retried_before_it_was_counted_is_not_subtracted(
        self, api: APIClient, alice: User
    ) -> None:
        ended(alice, status="failed", at=NOON - timedelta(hours=1))
        count_all()
        task = ended(alice, status="failed")

        retry_task(task, by=alice)
        count_all()

        assert outcomes(get_stats(api)["total"]) == (0, 1, 0)

    @pytest.mark.parametrize("before", [count_all, lambda: None])
    def test_late_usage_is_counted_once(
        self, api: APIClient, alice: User, before: Callable[[], None]
    ) -> None:
        task = ended(alice, status="cancelled")
        before()
        AgentTask.objects.update(
            input_tokens=15,
            output_tokens=5,
            cost_nanodollars=2_000_000,
            cost_is_complete=False,
            usage_is_estimated=True,
        )

        counters.count_late_usage(
            task.pk,
            {
                "input_tokens": 5,
                "output_tokens": 3,
                "cost_nanodollars": 500_000,
                "incomplete_costs": 1,
                "estimated_usages": 1,
            },
        )
        count_all()

        total = get_stats(api)["total"]
        assert (total["input_tokens"], total["output_tokens"]) == (15, 5)
        assert (total["cost"], total["cost_is_complete"]) == ("0.002", False)
        assert total["usage_is_estimated"] is True
        assert TaskCount.objects.values_list("incomplete_costs").distinct().get() == (
            1,
        )
        assert outcomes(total) == (0, 0, 1)


class TestCost:
    """Neither a report nor a chunk of the job reads all tasks (P10)."""

    def test_scans_no_whole_table(self, api: APIClient, alice: User) -> None:
        ended(alice)
        count_all()
        with plans_of() as plans:
            get_stats(api)
            counters.count_ended_tasks(
                PeriodicJob.objects.get(name=counters.COUNT_JOB).checkpoint,
                timezone.now(),
            )

        assert plans
        lines = [line for plan in plans for line in plan.splitlines()]
        scans = [line for line in lines if "SCAN" in line or "Seq Scan" in line]
        assert not [line for line in scans if "tasks_" in line]


def stored() -> tuple[list[Any], list[Any]]:
    order = ("owner", "bucket", "agent_id", "start_at")
    counts = TaskCount.objects.order_by(*order).values_list(
        *order, *counters.SUM_COLUMNS
    )
    bins = (*order, "measure", "bin")
    durations = TaskDuration.objects.order_by(*bins).values_list(*bins, "count")
    return list(counts), list(durations)


def reset() -> None:
    TaskCount.objects.all().delete()
    TaskDuration.objects.all().delete()
    PeriodicJob.objects.all().delete()
