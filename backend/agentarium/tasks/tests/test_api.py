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
from agentarium.tasks.api.serializers import TaskRowSerializer
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.tests.factories import StepFactory, TaskFactory

TASKS = "/api/tasks/"
SUBMIT = pytest.mark.parametrize("address", [TASKS, f"{TASKS}run/"])
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROW = {
    "id",
    "agent",
    "agent_name",
    "agent_version",
    "status",
    "input_excerpt",
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

    def test_counts_in_a_second_query_where_there_are_more(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        TaskFactory.create_batch(25, agent=agent)

        # 1. the tasks, joined to their agents and versions, 2. how many there are
        with django_assert_num_queries(2):
            response = api.get(TASKS)

        assert len(response.data["results"]) == 20
        assert response.data["count"] == 25

    def test_reads_no_text_that_a_row_does_not_show(
        self, api: APIClient, alice: User
    ) -> None:
        TaskFactory.create(agent__owner=alice, failed=True)

        with CaptureQueriesContext(connection) as queries:
            (row,) = api.get(TASKS).data["results"]

        assert row.keys() == ROW
        (query,) = queries
        for column in ("output_text", "instructions"):
            assert column not in query["sql"]

    def test_shows_a_task_as_a_row_is_described(
        self, api: APIClient, alice: User
    ) -> None:
        parent = TaskFactory.create(agent__owner=alice, input_text="a" * 300)
        TaskFactory.create(agent=parent.agent, parent=parent, completed=True)

        rows = api.get(TASKS).json()["results"]

        tasks = AgentTask.objects.order_by("-pk")
        assert rows == json.loads(
            orjson.dumps(TaskRowSerializer(tasks, many=True).data)
        )
        assert rows[1]["input_excerpt"] == "a" * 200 + "…"

    def test_names_the_version_that_ran_and_not_the_newest(
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

    def test_filters_by_agent_also_by_a_deleted_one(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        task, _ = (TaskFactory.create(agent__owner=alice) for _ in range(2))
        task.agent.deleted_at = timezone.now()
        task.agent.save()

        # 1. whether the agent may be seen, 2. its tasks
        with django_assert_num_queries(2):
            response = api.get(TASKS, {"agent": task.agent_id})

        assert ids(response) == [task.pk]

    def test_finds_what_a_task_has_called(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        parent = TaskFactory.create(agent__owner=alice)
        children = [
            TaskFactory.create(agent=parent.agent, parent=parent) for _ in range(3)
        ]

        # 1. whether the parent may be seen, 2. its children
        with django_assert_num_queries(2):
            response = api.get(TASKS, {"parent": parent.pk})

        assert sorted(ids(response)) == [child.pk for child in children]

    def test_treats_a_strangers_parent_like_one_that_is_not_there(
        self, api: APIClient
    ) -> None:
        task = TaskFactory.create()

        foreign = api.get(TASKS, {"parent": task.pk})
        missing = api.get(TASKS, {"parent": task.pk + 1})

        assert foreign.status_code == 400
        assert foreign.content == missing.content

    def test_treats_a_strangers_agent_like_one_that_is_not_there(
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
    def test_filters_by_time_including_the_ends(
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
    def test_refuses_what_it_does_not_know(
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
    def test_orders(
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
    def test_pages_hold_every_task_once(
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
    def test_shows_all_of_a_task_in_one_query(
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

        assert response.data.keys() == ROW - {"input_excerpt"} | {
            "input_text",
            "output_text",
            "request_id",
            "model",
            "wait",
        }
        assert response.data["output_text"] == "Four."
        assert response.data["request_id"] == "r-12345678"
        assert response.data["model"] == "openai:gpt-4o-mini"

    def test_says_why_a_task_failed(self, api: APIClient, alice: User) -> None:
        task = TaskFactory.create(agent__owner=alice, failed=True)

        response = api.get(url(task))

        assert response.data["error_code"] == "provider_auth"
        assert response.data["error_detail"] == "The provider refused the key."


@SUBMIT
class TestRun:
    def test_answers_with_the_pending_task(
        self, api: APIClient, alice: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)

        response = api.post(address, {"agent": agent.pk, "input_text": " Hello?\n"})

        assert response.status_code == 201
        task = AgentTask.objects.get()
        assert response.headers["Location"] == url(task)
        shown = api.get(url(task)).json()
        assert shown == {**response.json(), "wait": shown["wait"]}
        assert response.data["status"] == "pending"
        assert task.owner == alice
        assert task.agent_version == agent.versions.get()
        assert task.input_text == " Hello?\n"
        assert task.request_id == response.headers["X-Request-ID"]
        assert list(Event.objects.values_list("type")) == [("task.created",)]

    def test_costs_the_same_whatever_there_is(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
        address: str,
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        TaskFactory.create_batch(3, agent=agent, completed=True)

        # 1. the agent, 2. begin, 3. the agent's version, how much room the queue has and
        # the place in it, 4. the task, 5. its first event, 6. the agent's counter, 7. end
        with django_assert_num_queries(7):
            api.post(address, {"agent": agent.pk, "input_text": "Hello"})

    def test_runs_the_newest_version_and_counts(
        self, api: APIClient, alice: User, address: str
    ) -> None:
        agent = update_agent(AgentFactory.create(owner=alice), instructions="New.")

        response = api.post(address, {"agent": agent.pk, "input_text": "Hello"})

        assert response.data["agent_version"] == 2
        agent.refresh_from_db()
        assert agent.tasks_count == 1

    def test_finds_no_agent_that_is_foreign_deleted_or_missing(
        self, api: APIClient, alice: User, address: str
    ) -> None:
        foreign = AgentFactory.create()
        deleted = AgentFactory.create(owner=alice, deleted_at=timezone.now())

        responses = [
            api.post(address, {"agent": pk, "input_text": "Hello"})
            for pk in (foreign.pk, deleted.pk, deleted.pk + 1, 0, -1, 10**30)
        ]

        assert {response.status_code for response in responses} == {404}
        assert {response.data["code"] for response in responses} == {"not_found"}
        assert len({response.content for response in responses}) == 1
        assert not AgentTask.objects.exists()

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "blank"),
            (" \n\t\u3000", "blank"),
            (None, "null"),
            (5, "invalid"),
            (5.5, "invalid"),
            (True, "invalid"),
            (["Hello"], "invalid"),
            ({"text": "Hello"}, "invalid"),
            ("a\0b", "null_characters_not_allowed"),
            ("\ud800", "surrogate_characters_not_allowed"),
            ("a" * 101, "max_length"),
        ],
    )
    def test_refuses_what_is_no_input(
        self,
        api: APIClient,
        alice: User,
        settings: Any,
        address: str,
        text: Any,
        code: str,
    ) -> None:
        settings.MAX_INPUT_CHARS = 100
        agent = AgentFactory.create(owner=alice)

        body = json.dumps({"agent": agent.pk, "input_text": text})
        response = api.post(address, body, content_type="application/json")

        assert response.status_code == 400
        assert response.data["code"] == "invalid"
        assert list(response.data["errors"]) == ["input_text"]
        assert response.data["errors"]["input_text"][0]["code"] == code
        assert not AgentTask.objects.exists()

    def test_takes_input_up_to_the_limit(
        self, api: APIClient, alice: User, settings: Any, address: str
    ) -> None:
        settings.MAX_INPUT_CHARS = 100
        agent = AgentFactory.create(owner=alice)

        response = api.post(address, {"agent": agent.pk, "input_text": "ü" * 100})

        assert response.status_code == 201

    @pytest.mark.parametrize("agent", [None, "x", "", [1], {"id": 1}, 1.5, True])
    def test_refuses_an_agent_that_is_no_id(
        self, api: APIClient, address: str, agent: Any
    ) -> None:
        response = api.post(address, {"agent": agent, "input_text": "Hello"})

        assert response.status_code == 400
        assert list(response.data["errors"]) == ["agent"]

    def test_names_all_that_is_missing(self, api: APIClient, address: str) -> None:
        response = api.post(address, {})

        assert response.status_code == 400
        assert response.data["errors"].keys() == {"agent", "input_text"}

    @pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "{", ""])
    def test_refuses_a_body_that_is_no_object(
        self, api: APIClient, address: str, body: str
    ) -> None:
        response = api.post(address, body, content_type="application/json")

        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/problem+json"

    def test_decides_itself_what_is_read_only(
        self, api: APIClient, alice: User, stranger: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        decided = {
            "id": 77,
            "owner": stranger.pk,
            "status": "completed",
            "output_text": "Forged.",
            "finished_at": "2001-01-01T00:00:00Z",
            "input_tokens": 5,
            "attempt": 3,
            "unknown": "field",
        }

        response = api.post(
            address, {"agent": agent.pk, "input_text": "Hello", **decided}
        )

        assert response.status_code == 201
        task = AgentTask.objects.get()
        assert (task.owner, task.status, task.output_text) == (alice, "pending", "")
        assert (task.finished_at, task.input_tokens, task.attempt) == (None, 0, 0)

    def test_takes_a_token_that_may_run(self, alice: User, address: str) -> None:
        agent = AgentFactory.create(owner=alice)
        body = {"agent": agent.pk, "input_text": "Hello"}

        assert with_scopes(alice, "run").post(address, body).status_code == 201

    def test_refuses_a_token_that_may_do_all_else(
        self, alice: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        body = {"agent": agent.pk, "input_text": "Hello"}

        response = with_scopes(alice, "read", "write").post(address, body)

        assert response.status_code == 403
        assert response.data["code"] == "insufficient_scope"


class TestSteps:
    def test_lists_them_in_order_in_two_queries(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        task = TaskFactory.create(agent__owner=alice, running=True)
        for position in (2, 1, 3):
            StepFactory.create(task=task, position=position)
        StepFactory.create(position=4)

        # 1. the task, 2. its steps
        with django_assert_num_queries(2):
            response = api.get(url(task, "steps/"))

        rows = response.data["results"]
        assert [row["position"] for row in rows] == [1, 2, 3]
        assert rows[0]["message"] == {
            "role": "assistant",
            "parts": [{"type": "text", "text": "Four."}],
        }
        assert (
            rows[0].items()
            >= {
                "kind": "model_response",
                "attempt": 1,
                "model": "gpt-4o-mini-2024-07-18",
                "finish_reason": "stop",
                "input_tokens": 12,
                "output_tokens": 3,
                "cost": "0.0000036",
            }.items()
        )

    def test_comes_in_pages(self, api: APIClient, alice: User) -> None:
        task = TaskFactory.create(agent__owner=alice, running=True)
        for position in (1, 2, 3):
            StepFactory.create(task=task, position=position)

        first = api.get(url(task, "steps/"), {"limit": 2})
        second = api.get(first.data["next"])

        assert [row["position"] for row in second.data["results"]] == [3]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_what_happened_cannot_be_changed(
    api: APIClient, alice: User, method: str
) -> None:
    task = TaskFactory.create(agent__owner=alice)

    response = getattr(api, method)(url(task), {"status": "completed"})

    assert response.status_code == 405
    assert response.data["code"] == "method_not_allowed"
    task.refresh_from_db()
    assert task.status == "pending"


@pytest.mark.parametrize("action", ["", "steps/", "events/"])
def test_a_strangers_task_is_not_there(
    stranger_api: APIClient, alice: User, action: str
) -> None:
    task = TaskFactory.create(agent__owner=alice, completed=True)
    StepFactory.create(task=task)

    response = stranger_api.get(url(task, action))

    assert response.status_code == 404
    assert response.data["code"] == "not_found"
    assert b"Four" not in response.content


@pytest.mark.parametrize("action", ["", "steps/", "events/"])
def test_a_token_reads_with_read(alice: User, action: str) -> None:
    task = TaskFactory.create(agent__owner=alice, completed=True)

    assert with_scopes(alice, "read").get(url(task, action)).status_code == 200
    assert with_scopes(alice, "run", "write").get(url(task, action)).status_code == 403
