"""Tasks that the ORM inserts are as complete as submitted tasks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.forms import modelform_factory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from agentarium.agents.models import Agent, AgentVersion
from agentarium.agents.services import update_agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.operations.job_runner import run_due_jobs
from agentarium.streaming.event_log import read_log
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks import counters, wake_ups
from agentarium.tasks.models import ENDED, AgentTask, Event, PeriodicJob, TaskCount

TASKS = "/api/tasks/"
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def by_create(**fields: Any) -> AgentTask:
    return AgentTask.objects.create(**fields)


def by_save(**fields: Any) -> AgentTask:
    task = AgentTask(**fields)
    task.save()
    return task


def by_bulk_create(**fields: Any) -> AgentTask:
    (task,) = AgentTask.objects.bulk_create([AgentTask(**fields)])
    return task


def by_bulk_create_ignoring_conflicts(**fields: Any) -> AgentTask:
    (task,) = AgentTask.objects.bulk_create(
        [AgentTask(**fields)], ignore_conflicts=True
    )
    return AgentTask.objects.get(input_text=task.input_text)


def by_a_related_manager(**fields: Any) -> AgentTask:
    agent: Agent = fields.pop("agent")
    return agent.tasks.create(**fields)


def by_a_fixture(**fields: Any) -> AgentTask:
    values = {name: getattr(value, "pk", value) for name, value in fields.items()}
    row = {"model": "tasks.agenttask", "pk": 70, "fields": values}
    for deserialized in serializers.deserialize("python", [row]):
        deserialized.save()
    return AgentTask.objects.get(pk=70)


def by_a_form(**fields: Any) -> AgentTask:
    form_class = modelform_factory(AgentTask, fields="__all__")
    data = {name: getattr(value, "pk", value) for name, value in fields.items()}
    initial = {name: field.initial for name, field in form_class().fields.items()}
    form = form_class({k: "" if v is None else v for k, v in (initial | data).items()})
    assert form.is_valid(), form.errors
    task: AgentTask = form.save()
    return task


every_way = pytest.mark.parametrize(
    "create",
    [
        by_create,
        by_save,
        by_bulk_create,
        by_bulk_create_ignoring_conflicts,
        by_a_related_manager,
        by_a_fixture,
        by_a_form,
    ],
)


@every_way
class TestPending:
    def test_pins_the_current_version(
        self, api: APIClient, agent: Agent, create: Any
    ) -> None:
        update_agent(agent, instructions="New.")

        task = create(agent=agent, owner=agent.owner, input_text="hello")

        row = api.get(f"{TASKS}{task.pk}/").data
        assert (row["status"], row["agent_version"]) == ("pending", 2)
        assert row["created_at"]

    def test_is_listed_indexed_counted_and_logged(
        self, api: APIClient, agent: Agent, create: Any
    ) -> None:
        task = create(agent=agent, owner=agent.owner, input_text="a purple zebra")

        def listed(**query: Any) -> list[int]:
            return [row["id"] for row in api.get(TASKS, query).data["results"]]

        assert listed() == listed(status="pending") == [task.pk]
        assert listed(agent=agent.pk) == listed(search="zebra") == [task.pk]
        assert listed(ordering="agent__name") == [task.pk]
        (row,) = api.get("/api/agents/").data["results"]
        assert row["tasks_count"] == 1
        assert [recent["id"] for recent in row["recent_tasks"]] == [task.pk]
        events = task.events.values_list("attempt", "seq", "type")
        assert list(events) == [(0, 1, "task.created")]

    def test_counts_against_the_limits(
        self, api: APIClient, agent: Agent, create: Any, settings: Any
    ) -> None:
        settings.MAX_PENDING_PER_USER = 1
        create(agent=agent, owner=agent.owner, input_text="hello")

        body = {"agent": agent.pk, "input_text": "hello"}

        assert api.post(f"{TASKS}run/", body).status_code == 429

    def test_wakes_the_workers(
        self,
        agent: Agent,
        create: Any,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        woken: list[bool] = []
        monkeypatch.setattr(wake_ups, "_listeners", [lambda: woken.append(True)])

        with django_capture_on_commit_callbacks(execute=True):
            create(agent=agent, owner=agent.owner, input_text="hello")

        assert woken

    @pytest.mark.parametrize("days", [-1, 1])
    def test_is_due_if_its_time_has_passed(
        self, agent: Agent, create: Any, days: int
    ) -> None:
        task = create(
            agent=agent,
            owner=agent.owner,
            input_text="hello",
            run_after=timezone.now() + timedelta(days=days),
        )

        assert AgentTask.objects.get(pk=task.pk).is_due is (days < 0)


@every_way
@pytest.mark.parametrize("status", ENDED)
class TestEnded:
    def test_has_the_times_of_its_status(
        self, agent: Agent, create: Any, status: str
    ) -> None:
        before = timezone.now()

        task = create(agent=agent, owner=agent.owner, input_text="hi", status=status)

        task.refresh_from_db()
        # The times are the database's, which another clock may differ from.
        assert before - SECOND <= task.created_at <= task.finished_at
        assert task.finished_at <= timezone.now() + SECOND
        assert (task.started_at is not None) is (status == "completed")

    def test_has_a_complete_log(self, agent: Agent, create: Any, status: str) -> None:
        task = create(agent=agent, owner=agent.owner, input_text="hi", status=status)

        types = [entry.type for entry in read_log(task.pk, StreamCursor()).entries]

        assert types[0] == "task.created"
        assert types[-1] == f"task.{status}"

    @pytest.mark.parametrize("is_late", [False, True], ids=["next", "late"])
    def test_is_counted_once(
        self, agent: Agent, create: Any, status: str, *, is_late: bool
    ) -> None:
        if is_late:
            later = [(NOON + timedelta(hours=1)).isoformat(), 0]
            PeriodicJob.objects.create(name=counters.COUNT_JOB, checkpoint=later)

        create(
            agent=agent,
            owner=agent.owner,
            input_text="hi",
            status=status,
            created_at=NOON - timedelta(seconds=8),
            finished_at=NOON,
        )
        run_due_jobs()

        hour = TaskCount.objects.get(agent_id=agent.pk, bucket="hour")
        counts = (hour.completed, hour.failed, hour.cancelled)
        assert counts == tuple(int(status == ended) for ended in ENDED)


class TestInsert:
    def test_takes_few_statements(
        self, agent: Agent, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tasks = [AgentTask(agent=agent, input_text=str(n)) for n in range(3)]

        # 1. the version and the owner, 2. the place in the queue, 3. the tasks, 4. their
        # events, 5. the agent's count, 6. the owner's bytes
        with django_assert_num_queries(6):
            AgentTask.objects.bulk_create(tasks)

        assert [task.owner_id for task in tasks] == [agent.owner_id] * 3
        assert [task.rank for task in tasks] == [0, 1, 2]

    def test_keeps_given_values(self, agent: Agent) -> None:
        first = agent.versions.get()
        update_agent(agent, instructions="New.")

        task = AgentTask.objects.create(
            agent=agent,
            owner=agent.owner,
            agent_version=first,
            input_text="hi",
            status="completed",
            created_at=NOON,
            started_at=NOON + timedelta(seconds=1),
            finished_at=NOON + timedelta(seconds=2),
        )

        task.refresh_from_db()
        assert task.agent_version == first
        assert task.started_at == NOON + timedelta(seconds=1)
        assert task.finished_at == NOON + timedelta(seconds=2)

    def test_of_an_ended_task_sets_its_end_to_its_creation(self, agent: Agent) -> None:
        task = AgentTask.objects.create(
            agent=agent, input_text="hi", status="failed", created_at=NOON
        )

        assert task.finished_at == NOON

    def test_creates_the_first_version_of_an_agent_without_one(
        self, agent: Agent
    ) -> None:
        AgentVersion.objects.all().delete()

        task = AgentTask.objects.create(agent=agent, input_text="hi")

        assert task.agent_version.definition == agent.definition

    def test_of_a_child_sets_its_depth(self, agent: Agent) -> None:
        parent = AgentTask.objects.create(agent=agent, input_text="hi")

        child = AgentTask.objects.create(agent=agent, input_text="hi", parent=parent)

        assert child.depth == 1

    def test_refuses_a_pending_task_with_an_end(self, agent: Agent) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            AgentTask.objects.create(agent=agent, input_text="hi", finished_at=NOON)

    def test_of_an_existing_task_is_ignored(self, agent: Agent) -> None:
        task = AgentTask.objects.create(agent=agent, input_text="hi")

        AgentTask.objects.bulk_create(
            [AgentTask(pk=task.pk, agent=agent, input_text="again")],
            ignore_conflicts=True,
        )
        task.save()

        agent.refresh_from_db()
        assert agent.tasks_count == 1
        assert task.events.count() == 1
        assert AgentTask.objects.get().input_text == "hi"

    def test_creates_one_task_from_rows_with_the_same_key(self, agent: Agent) -> None:
        rows = [AgentTask(pk=70, agent=agent, input_text=text) for text in "ab"]

        AgentTask.objects.bulk_create(rows, ignore_conflicts=True)

        agent.refresh_from_db()
        assert agent.tasks_count == AgentTask.objects.count() == 1
        assert Event.objects.filter(task=70).count() == 1

    @pytest.mark.parametrize("moment", [datetime(2026, 3, 2), datetime(2996, 3, 2)])  # noqa: DTZ001 - naive on purpose
    def test_accepts_a_naive_time_as_django_does(
        self, agent: Agent, moment: datetime
    ) -> None:
        with pytest.warns(RuntimeWarning, match="naive"):
            task = AgentTask.objects.create(
                agent=agent, input_text="hi", run_after=moment
            )

        task.refresh_from_db()
        assert task.run_after == moment.replace(tzinfo=UTC)
        assert task.is_due is (moment.year == 2026)


def test_a_fixture_may_hold_tasks_before_their_agent(agent: Agent) -> None:
    AgentTask.objects.create(agent=agent, input_text="hi")
    task = AgentTask.objects.create(agent=agent, input_text="hi")
    rows = serializers.serialize(
        "json", [*AgentTask.objects.all(), agent.versions.get(), agent]
    )
    AgentTask.objects.all().delete()
    Agent.objects.all().delete()

    with connection.constraint_checks_disabled():
        for row in serializers.deserialize("json", rows):
            row.save()

    agent.refresh_from_db()
    assert agent.tasks_count == 2
    assert AgentTask.objects.get(pk=task.pk).agent_version == agent.versions.get()


def test_a_dump_loads_unchanged(agent: Agent, tmp_path: Any) -> None:
    other = AgentFactory.create(owner=agent.owner)
    for owner_agent in (agent, other, agent):
        AgentTask.objects.create(agent=owner_agent, input_text="hi")
    AgentTask.objects.create(agent=agent, input_text="hi", status="completed")
    path = tmp_path / "all.json"
    models = ["agents", "tasks.agenttask"]
    call_command("dumpdata", *models, output=str(path), verbosity=0)
    # Without times, which a dump truncates to milliseconds.
    columns = ("pk", "owner", "agent", "agent_version", "status", "rank", "input_text")
    before = list(AgentTask.objects.order_by("pk").values(*columns))
    AgentTask.objects.all().delete()
    Agent.objects.all().delete()

    call_command("loaddata", str(path), verbosity=0)

    assert list(AgentTask.objects.order_by("pk").values(*columns)) == before
    counts = Agent.objects.order_by("pk").values_list("tasks_count", flat=True)
    assert list(counts) == [3, 1]
    assert Event.objects.filter(type="task.created").count() == 4
