"""The steps of a task."""

from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import StepFactory, TaskFactory

TASKS = "/api/tasks/"


def url(task: AgentTask, action: str = "") -> str:
    return f"{TASKS}{task.pk}/{action}"


class TestSteps:
    def test_are_listed_in_order_in_two_queries(
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

    def test_are_paginated(self, api: APIClient, alice: User) -> None:
        task = TaskFactory.create(agent__owner=alice, running=True)
        for position in (1, 2, 3):
            StepFactory.create(task=task, position=position)

        first = api.get(url(task, "steps/"), {"limit": 2})
        second = api.get(first.data["next"])

        assert [row["position"] for row in second.data["results"]] == [3]
