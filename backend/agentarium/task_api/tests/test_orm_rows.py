"""Tasks that are made with the ORM are as whole as those that were submitted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, transaction
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
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def made_by_create(**fields: Any) -> AgentTask:
    return AgentTask.objects.create(**fields)


def made_by_save(**fields: Any) -> AgentTask:
    task = AgentTask(**fields)
    task.save()
    return task


def made_by_bulk_create(**fields: Any) -> AgentTask:
    (task,) = AgentTask.objects.bulk_create([AgentTask(**fields)])
    return task


def made_in_spite_of_conflicts(**fields: Any) -> AgentTask:
    (task,) = AgentTask.objects.bulk_create(
        [AgentTask(**fields)], ignore_conflicts=True
    )
    return AgentTask.objects.get(input_text=task.input_text)


def made_by_a_related_manager(**fields: Any) -> AgentTask:
    agent: Agent = fields.pop("agent")
    return agent.tasks.create(**fields)


def made_by_a_fixture(**fields: Any) -> AgentTask:
    told = {name: getattr(value, "pk", value) for name, value in fields.items()}
    row = {"model": "tasks.agenttask", "pk": 70, "fields": told}
    for each in serializers.deserialize("python", [row]):
        each.save()
    return AgentTask.objects.get(pk=70)


def made_by_a_form(**fields: Any) -> AgentTask:
    form = modelform_factory(AgentTask, fields="__all__")
    data = {name: getattr(value, "pk", value) for name, value in fields.items()}
    blank = {name: field.initial for name, field in form().fields.items()}
    told = form({k: "" if v is None else v for k, v in (blank | data).items()})
    assert told.is_valid(), told.errors
    made: AgentTask = told.save()
    return made


MAKERS = [
    made_by_create,
    made_by_save,
    made_by_bulk_create,
    made_in_spite_of_conflicts,
    made_by_a_related_manager,
    made_by_a_fixture,
    made_by_a_form,
]
everyway = pytest.mark.parametrize("make", MAKERS)


@everyway
class TestPending:
    def test_pins_the_version_that_is_current(
        self, api: APIClient, agent: Agent, make: Any
    ) -> None:
        update_agent(agent, instructions="New.")

        task = make(agent=agent, owner=agent.owner, input_text="hello")

        row = api.get(f"{TASKS}{task.pk}/").data
        assert (row["status"], row["agent_version"]) == ("pending", 2)
        assert row["created_at"]

    def test_is_found_counted_and_logged(
        self, api: APIClient, agent: Agent, make: Any
    ) -> None:
        task = make(agent=agent, owner=agent.owner, input_text="a purple zebra")

        def found(**query: Any) -> list[int]:
            return [row["id"] for row in api.get(TASKS, query).data["results"]]

        assert found() == found(status="pending") == found(agent=agent.pk) == [task.pk]
        assert found(search="zebra") == found(ordering="agent__name") == [task.pk]
        (row,) = api.get("/api/agents/").data["results"]
        assert row["tasks_count"] == 1
        assert [each["id"] for each in row["recent_tasks"]] == [task.pk]
        events = task.events.values_list("attempt", "seq", "type")
        assert list(events) == [(0, 1, "task.created")]

    def test_counts_against_the_limits(
        self, api: APIClient, agent: Agent, make: Any, settings: Any
    ) -> None:
        settings.MAX_PENDING_PER_USER = 1
        make(agent=agent, owner=agent.owner, input_text="hello")

        body = {"agent": agent.pk, "input_text": "hello"}

        assert api.post(f"{TASKS}run/", body).status_code == 429

    def test_wakes_the_workers(
        self,
        agent: Agent,
        make: Any,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        woken: list[bool] = []
        monkeypatch.setattr(wake_ups, "_listeners", [lambda: woken.append(True)])

        with django_capture_on_commit_callbacks(execute=True):
            make(agent=agent, owner=agent.owner, input_text="hello")

        assert woken

    @pytest.mark.parametrize("days", [-1, 1])
    def test_is_due_once_its_time_has_come(
        self, agent: Agent, make: Any, days: int
    ) -> None:
        task = make(
            agent=agent,
            owner=agent.owner,
            input_text="hello",
            run_after=timezone.now() + timedelta(days=days),
        )

        assert AgentTask.objects.get(pk=task.pk).is_due is (days < 0)


@everyway
@pytest.mark.parametrize("status", ENDED)
class TestEnded:
    def test_has_the_times_of_one(self, agent: Agent, make: Any, status: str) -> None:
        before = timezone.now()

        task = make(agent=agent, owner=agent.owner, input_text="hi", status=status)

        task.refresh_from_db()
        assert before <= task.created_at <= task.finished_at <= timezone.now()
        assert (task.started_at is not None) is (status == "completed")

    def test_has_a_log_that_ends(self, agent: Agent, make: Any, status: str) -> None:
        task = make(agent=agent, owner=agent.owner, input_text="hi", status=status)

        types = [entry.type for entry in read_log(task.pk, StreamCursor()).entries]

        assert types[0] == "task.created"
        assert types[-1] == f"task.{status}"

    @pytest.mark.parametrize("is_late", [False, True], ids=["next", "late"])
    def test_is_counted_once(
        self, agent: Agent, make: Any, status: str, *, is_late: bool
    ) -> None:
        if is_late:
            place = [(NOON + timedelta(hours=1)).isoformat(), 0]
            PeriodicJob.objects.create(name=counters.COUNT_JOB, checkpoint=place)

        make(
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
        assert counts == tuple(int(status == each) for each in ENDED)


class TestRest:
    def test_of_a_task_is_read_and_written_in_few_statements(
        self, agent: Agent, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tasks = [AgentTask(agent=agent, input_text=str(n)) for n in range(3)]

        # 1. the version and the owner, 2. the place in the queue, 3. the tasks, 4. their
        # events, 5. the agent's count
        with django_assert_num_queries(5):
            AgentTask.objects.bulk_create(tasks)

        assert [task.owner_id for task in tasks] == [agent.owner_id] * 3
        assert [task.rank for task in tasks] == [0, 1, 2]

    def test_keeps_what_was_said(self, agent: Agent) -> None:
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

    def test_ended_when_it_was_created_if_only_that_is_known(
        self, agent: Agent
    ) -> None:
        task = AgentTask.objects.create(
            agent=agent, input_text="hi", status="failed", created_at=NOON
        )

        assert task.finished_at == NOON

    def test_of_an_agent_without_versions_makes_one(self, agent: Agent) -> None:
        AgentVersion.objects.all().delete()

        task = AgentTask.objects.create(agent=agent, input_text="hi")

        assert task.agent_version.definition == agent.definition

    def test_of_a_child_says_how_deep_it_is(self, agent: Agent) -> None:
        parent = AgentTask.objects.create(agent=agent, input_text="hi")

        child = AgentTask.objects.create(agent=agent, input_text="hi", parent=parent)

        assert child.depth == 1

    def test_of_a_live_task_has_no_end(self, agent: Agent) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            AgentTask.objects.create(agent=agent, input_text="hi", finished_at=NOON)

    def test_is_not_written_again_where_the_task_is_there(self, agent: Agent) -> None:
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


def test_a_dump_loads_as_it_was(agent: Agent, tmp_path: Any) -> None:
    other = AgentFactory.create(owner=agent.owner)
    for each in (agent, other, agent):
        AgentTask.objects.create(agent=each, input_text="hi")
    AgentTask.objects.create(agent=agent, input_text="hi", status="completed")
    path = tmp_path / "all.json"
    models = ["agents", "tasks.agenttask"]
    call_command("dumpdata", *models, output=str(path), verbosity=0)
    # A dump has times of milliseconds.
    columns = ("pk", "owner", "agent", "agent_version", "status", "rank", "input_text")
    before = list(AgentTask.objects.order_by("pk").values(*columns))
    AgentTask.objects.all().delete()
    Agent.objects.all().delete()

    call_command("loaddata", str(path), verbosity=0)

    assert list(AgentTask.objects.order_by("pk").values(*columns)) == before
    counts = Agent.objects.order_by("pk").values_list("tasks_count", flat=True)
    assert list(counts) == [3, 1]
    assert Event.objects.filter(type="task.created").count() == 4
