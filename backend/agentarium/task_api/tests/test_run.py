"""Submitting tasks: validation, and the response."""

import json
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.services import update_agent
from agentarium.agents.tests.clients import with_scopes
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.tests.factories import TaskFactory

TASKS = "/api/tasks/"
SUBMIT = pytest.mark.parametrize("address", [TASKS, f"{TASKS}run/"])


def url(task: AgentTask, action: str = "") -> str:
    return f"{TASKS}{task.pk}/{action}"


@SUBMIT
class TestRun:
    def test_returns_the_pending_task(
        self, api: APIClient, alice: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)

        response = api.post(address, {"agent": agent.pk, "input_text": " Hello?\n"})

        assert response.status_code == 201
        task = AgentTask.objects.get()
        assert response.headers["Location"] == url(task)
        detail = api.get(url(task)).json()
        assert detail == {**response.json(), "wait": detail["wait"]}
        assert response.data["status"] == "pending"
        assert task.owner == alice
        assert task.agent_version == agent.versions.get()
        assert task.input_text == " Hello?\n"
        assert task.request_id == response.headers["X-Request-ID"]
        assert list(Event.objects.values_list("type")) == [("task.created",)]

    def test_takes_a_fixed_number_of_queries(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
        address: str,
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        TaskFactory.create_batch(3, agent=agent, completed=True)

        # 1. the agent, 2. begin, 3. the agent's version, the numbers of pending tasks and
        # the place in the queue, 4. the task, 5. its first event, 6. the agent's count,
        # 7. the owner's bytes, 8. commit
        with django_assert_num_queries(8):
            api.post(address, {"agent": agent.pk, "input_text": "Hello"})

    def test_runs_the_newest_version_and_counts_the_task(
        self, api: APIClient, alice: User, address: str
    ) -> None:
        agent = update_agent(AgentFactory.create(owner=alice), instructions="New.")

        response = api.post(address, {"agent": agent.pk, "input_text": "Hello"})

        assert response.data["agent_version"] == 2
        agent.refresh_from_db()
        assert agent.tasks_count == 1

    def test_returns_404_for_foreign_deleted_and_missing_agents(
        self, api: APIClient, alice: User, address: str
    ) -> None:
        foreign = AgentFactory.create()
        deleted = AgentFactory.create(owner=alice, deleted_at=timezone.now())

        responses = [
            api.post(address, {"agent": pk, "input_text": "Hello"})
            for pk in (foreign.pk, deleted.pk, deleted.pk + 1, 0, -1, 2**63 - 1)
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
    def test_refuses_an_invalid_input(
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

    def test_accepts_an_input_of_the_maximum_length(
        self, api: APIClient, alice: User, settings: Any, address: str
    ) -> None:
        settings.MAX_INPUT_CHARS = 100
        agent = AgentFactory.create(owner=alice)

        response = api.post(address, {"agent": agent.pk, "input_text": "ü" * 100})

        assert response.status_code == 201

    @pytest.mark.parametrize("agent", [None, "x", "", [1], {"id": 1}, 1.5, True])
    def test_refuses_an_invalid_agent_id(
        self, api: APIClient, address: str, agent: Any
    ) -> None:
        response = api.post(address, {"agent": agent, "input_text": "Hello"})

        assert response.status_code == 400
        assert list(response.data["errors"]) == ["agent"]

    def test_names_all_missing_fields(self, api: APIClient, address: str) -> None:
        response = api.post(address, {})

        assert response.status_code == 400
        assert response.data["errors"].keys() == {"agent", "input_text"}

    @pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "{", ""])
    def test_refuses_a_body_that_is_not_an_object(
        self, api: APIClient, address: str, body: str
    ) -> None:
        response = api.post(address, body, content_type="application/json")

        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/problem+json"

    def test_ignores_read_only_fields(
        self, api: APIClient, alice: User, stranger: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        read_only = {
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
            address, {"agent": agent.pk, "input_text": "Hello", **read_only}
        )

        assert response.status_code == 201
        task = AgentTask.objects.get()
        assert (task.owner, task.status, task.output_text) == (alice, "pending", "")
        assert (task.finished_at, task.input_tokens, task.attempt) == (None, 0, 0)

    def test_accepts_a_token_with_the_run_scope(
        self, alice: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        body = {"agent": agent.pk, "input_text": "Hello"}

        assert with_scopes(alice, "run").post(address, body).status_code == 201

    def test_refuses_a_token_with_all_other_scopes(
        self, alice: User, address: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        body = {"agent": agent.pk, "input_text": "Hello"}

        response = with_scopes(alice, "read", "write").post(address, body)

        assert response.status_code == 403
        assert response.data["code"] == "insufficient_scope"
