import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.services import update_agent
from agentarium.agents.tests.clients import with_scopes
from agentarium.agents.tests.factories import AgentFactory
from agentarium.task_api.serializers import TaskRowSerializer
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import StepFactory, TaskFactory

TASKS = "/api/tasks/"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROW = {
    "id",
    "agent",
    "agent_name",
    "agent_version",
    "status",
    "input_text",
    "input_is_truncated",
    "created_at",
    "started_at",
    "finished_at",
    "attempt",
    "steps_count",
    "input_tokens",
    "output_tokens",
    "cost",
    "cost_is_complete",
    "error_code",
    "error_detail",
    "priority",
    "run_after",
    "parent",
    "follows",
}


def url(task: AgentTask, action: str = "") -> str:
    return f"{TASKS}{task.pk}/{action}"


def ids(response: Any) -> list[int]:
    return [row["id"] for row in response.data["results"]]


class TestList:
    def test_shows_only_the_callers_tasks_in_one_query(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        tasks = [TaskFactory.create(agent__owner=alice) for _ in range(3)]
        TaskFactory.create()

        # 1. the tasks, joined to their agents and versions
        with django_assert_num_queries(1):
            response = api.get(TASKS)

        assert ids(response) == [task.pk for task in reversed(tasks)]
        assert response.data["count"] == 3
        assert response.data["results"][0]["agent_name"] == tasks[-1].agent.name

    def test_counts_in_a_second_query_if_there_are_more(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        TaskFactory.create_batch(25, agent=agent)

        # 1. the tasks, joined to their agents and versions, 2. the count
        with django_assert_num_queries(2):
            response = api.get(TASKS)

        assert len(response.data["results"]) == 20
        assert response.data["count"] == 25

    def test_reads_no_text_that_is_not_in_a_row(
        self, api: APIClient, alice: User
    ) -> None:
        TaskFactory.create(agent__owner=alice, failed=True)

        with CaptureQueriesContext(connection) as queries:
            (row,) = api.get(TASKS).data["results"]

        assert row.keys() == ROW
        (query,) = queries
        for column in ("output_text", "instructions"):
            assert column not in query["sql"]

    def test_rows_match_their_serializer(self, api: APIClient, alice: User) -> None:
        parent = TaskFactory.create(agent__owner=alice, input_text="a" * 300)
        TaskFactory.create(agent=parent.agent, parent=parent, completed=True)

        rows = api.get(TASKS).json()["results"]

        tasks = AgentTask.objects.order_by("-pk")
        assert rows == json.loads(
            orjson.dumps(TaskRowSerializer(tasks, many=True).data)
        )
        assert rows[1]["input_text"] == "a" * 200
        assert [row["input_is_truncated"] for row in rows] == [False, True]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("é" * 200, "é" * 200),
            ("🦊" * 201, "🦊" * 200),
            ("a" * 199 + "e\u0301" + "z", "a" * 199),
            ("a" * 198 + "👩\u200d🚀", "a" * 198),
            ("a" * 199 + "👋🏽", "a" * 199),
            ("\u0301" * 300, "\u0301" * 200),
        ],
        ids=["whole", "astral", "accent", "joined", "tone", "only accents"],
    )
    def test_cuts_a_long_input_between_characters(
        self, api: APIClient, alice: User, text: str, shown: str
    ) -> None:
        TaskFactory.create(agent__owner=alice, input_text=text)

        (row,) = api.get(TASKS).data["results"]

        assert row["input_text"] == shown
        assert row["input_is_truncated"] is (text != shown)

    def test_shows_the_version_of_the_task_instead_of_the_newest(
        self, api: APIClient, alice: User
    ) -> None:
        task = TaskFactory.create(agent__owner=alice)
        update_agent(task.agent, instructions="New.")

        (row,) = api.get(TASKS).data["results"]

        assert row["agent_version"] == 1

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("status=pending", ["pending"]),
            ("status=pending,failed", ["failed", "pending"]),
            ("status=pending&status=failed", ["failed", "pending"]),
            ("status=waiting", []),
            ("status=", ["failed", "completed", "running", "pending"]),
        ],
    )
    def test_filters_by_status(
        self, api: APIClient, alice: User, query: str, found: list[str]
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        TaskFactory.create(agent=agent)
        TaskFactory.create(agent=agent, running=True)
        TaskFactory.create(agent=agent, completed=True)
        TaskFactory.create(agent=agent, failed=True)

        rows = api.get(f"{TASKS}?{query}").data["results"]

        assert [row["status"] for row in rows] == found

    def test_filters_by_a_deleted_agent(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        task, _ = (TaskFactory.create(agent__owner=alice) for _ in range(2))
        task.agent.deleted_at = timezone.now()
        task.agent.save()

        # 1. whether the agent is visible, 2. its tasks
        with django_assert_num_queries(2):
            response = api.get(TASKS, {"agent": task.agent_id})

        assert ids(response) == [task.pk]

    def test_filters_by_parent(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        parent = TaskFactory.create(agent__owner=alice)
        children = [
            TaskFactory.create(agent=parent.agent, parent=parent) for _ in range(3)
        ]

        # 1. whether the parent is visible, 2. its children
        with django_assert_num_queries(2):
            response = api.get(TASKS, {"parent": parent.pk})

        assert sorted(ids(response)) == [child.pk for child in children]

    def test_treats_a_parent_of_another_user_like_a_missing_one(
        self, api: APIClient
    ) -> None:
        task = TaskFactory.create()

        foreign = api.get(TASKS, {"parent": task.pk})
        missing = api.get(TASKS, {"parent": task.pk + 1})

        assert foreign.status_code == 400
        assert foreign.content == missing.content

    def test_treats_an_agent_of_another_user_like_a_missing_one(
        self, api: APIClient
    ) -> None:
        task = TaskFactory.create()

        foreign = api.get(TASKS, {"agent": task.agent_id})
        missing = api.get(TASKS, {"agent": task.agent_id + 1})

        assert foreign.status_code == 400
        assert foreign.content == missing.content

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"created_at__gte": NOON.isoformat()}, [2, 1]),
            ({"created_at__lte": "2026-01-31T12:00:00Z"}, [1, 0]),
            ({"created_at__gte": "2026-01-31T13:00:00+01:00"}, [2, 1]),
            (
                {
                    "created_at__gte": NOON.isoformat(),
                    "created_at__lte": NOON.isoformat(),
                },
                [1],
            ),
            ({"created_at__gte": "2026-01-31"}, [2, 1, 0]),
        ],
    )
    def test_filters_by_an_inclusive_range_of_time(
        self, api: APIClient, alice: User, query: dict[str, str], found: list[int]
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        tasks = [
            TaskFactory.create(agent=agent, created_at=NOON + timedelta(seconds=shift))
            for shift in (-1, 0, 1)
        ]

        assert ids(api.get(TASKS, query)) == [tasks[number].pk for number in found]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("status", "done"),
            ("status", "pending,done"),
            ("status", "Pending"),
            ("agent", "x"),
            ("agent", "0"),
            ("agent", "9" * 30),
            ("agent", "1\0"),
            ("created_at__gte", "yesterday"),
            ("created_at__lte", "0001-01-01T00:00:00+23:59"),
            ("created_at__gte", "9999-12-31T23:59:59-23:59"),
            ("ordering", "output_text"),
            ("ordering", "owner__password"),
            ("owner", "1"),
            ("search", "a\0b"),
            ("limit", "0"),
        ],
    )
    def test_refuses_unknown_parameters_and_values(
        self, api: APIClient, name: str, value: str
    ) -> None:
        response = api.get(TASKS, {name: value})

        assert response.status_code == 400
        assert response.data["code"] == "invalid"
        assert list(response.data["errors"]) == [name]

    @pytest.mark.parametrize(
        ("ordering", "found"),
        [
            ("created_at", [0, 1, 2]),
            ("-created_at", [2, 1, 0]),
            ("status", [1, 2, 0]),
            ("-status", [2, 0, 1]),
            ("agent__name", [2, 1, 0]),
            ("-agent__name", [1, 0, 2]),
            ("status,created_at", [1, 0, 2]),
        ],
    )
    def test_orders_tasks(
        self, api: APIClient, alice: User, ordering: str, found: list[int]
    ) -> None:
        ada = AgentFactory.create(owner=alice, name="Ada")
        bob = AgentFactory.create(owner=alice, name="Bob")
        tasks = [
            TaskFactory.create(agent=bob),
            TaskFactory.create(agent=bob, completed=True),
            TaskFactory.create(agent=ada),
        ]

        response = api.get(TASKS, {"ordering": ordering})

        assert ids(response) == [tasks[number].pk for number in found]

    @pytest.mark.parametrize("ordering", ["", "status", "-agent__name"])
    def test_pages_contain_every_task_once(
        self, api: APIClient, alice: User, ordering: str
    ) -> None:
        agents = AgentFactory.create_batch(2, owner=alice, name="Twin")
        tasks = [TaskFactory.create(agent=agents[number % 2]) for number in range(5)]

        query = {"ordering": ordering}
        first = api.get(TASKS, query | {"limit": "2"})
        second = api.get(first.data["next"])
        third = api.get(second.data["next"])

        found = ids(first) + ids(second) + ids(third)
        assert sorted(found) == [task.pk for task in tasks]
        assert third.data["next"] is None
        assert ids(api.get(TASKS, query | {"offset": "3"})) == found[3:]


class TestRetrieve:
    def test_returns_all_fields_in_one_query(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        task = TaskFactory.create(
            agent__owner=alice, completed=True, request_id="r-12345678"
        )

        # 1. the task, joined to its agent and version
        with django_assert_num_queries(1):
            response = api.get(url(task))

        assert response.data.keys() == ROW - {"input_is_truncated"} | {
            "input_text",
            "output_text",
            "error_provider_message",
            "request_id",
            "model",
            "wait",
        }
        assert response.data["output_text"] == "Four."
        assert response.data["request_id"] == "r-12345678"
        assert response.data["model"] == "openai:gpt-4o-mini"

    def test_returns_the_error_of_a_failed_task(
        self, api: APIClient, alice: User
    ) -> None:
        task = TaskFactory.create(agent__owner=alice, failed=True)

        response = api.get(url(task))

        assert response.data["error_code"] == "provider_auth"
        assert response.data["error_detail"] == "The provider refused the key."


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_tasks_cannot_be_edited_or_deleted(
    api: APIClient, alice: User, method: str
) -> None:
    task = TaskFactory.create(agent__owner=alice)

    response = getattr(api, method)(url(task), {"status": "completed"})

    assert response.status_code == 405
    assert response.data["code"] == "method_not_allowed"
    task.refresh_from_db()
    assert task.status == "pending"


@pytest.mark.parametrize("action", ["", "steps/", "events/"])
def test_a_task_of_another_user_returns_404(
    stranger_api: APIClient, alice: User, action: str
) -> None:
    task = TaskFactory.create(agent__owner=alice, completed=True)
    StepFactory.create(task=task)

    response = stranger_api.get(url(task, action))

    assert response.status_code == 404
    assert response.data["code"] == "not_found"
    assert b"Four" not in response.content


@pytest.mark.parametrize("action", ["", "steps/", "events/"])
def test_a_token_needs_the_read_scope(alice: User, action: str) -> None:
    task = TaskFactory.create(agent__owner=alice, completed=True)

    assert with_scopes(alice, "read").get(url(task, action)).status_code == 200
    assert with_scopes(alice, "run", "write").get(url(task, action)).status_code == 403


@pytest.mark.parametrize(
    ("verb", "status"), [("cancel/", "running"), ("retry/", "failed")]
)
def test_a_token_without_read_gets_no_texts(
    alice: User, verb: str, status: str
) -> None:
    texts = {"input_text": "in", "output_text": "out", "error_detail": "wrong"}
    task = TaskFactory.create(agent__owner=alice, **{status: True}, **texts)
    other = TaskFactory.create(agent__owner=alice, **{status: True}, **texts)

    blank = with_scopes(alice, "run").post(url(task, verb)).json()
    whole = with_scopes(alice, "run", "read").post(url(other, verb)).json()

    assert {blank[name] for name in texts} == {""}
    assert blank.keys() == whole.keys()
    assert (whole["input_text"], whole["id"]) == ("in", other.pk)
