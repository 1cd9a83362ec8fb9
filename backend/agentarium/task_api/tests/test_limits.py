"""How many tasks may wait in the queue."""

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask
from agentarium.tasks.services.intake import NewTask, QueueFullError, insert_tasks
from agentarium.tasks.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def submit(api: APIClient, agent: Agent) -> str:
    """What it comes to: a status of HTTP, and the code of a problem."""
    response = api.post("/api/tasks/", {"agent": agent.pk, "input_text": "Hello"})
    problem = response.data.get("code", "")
    if problem:
        assert int(response.headers["Retry-After"]) > 0
    return f"{response.status_code} {problem}".strip()


def order(agent: Agent) -> NewTask:
    return NewTask(agent=agent, owner=agent.owner, input_text="Hello")


class TestPendingTasksOfAUser:
    def test_are_refused_when_there_are_as_many_as_may_be(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 2

        assert submit(api, agent) == "201"
        assert submit(api, AgentFactory.create(owner=agent.owner)) == "201"
        assert submit(api, agent) == "429 queue_full"
        assert AgentTask.objects.count() == 2

    def test_leave_room_for_everybody_else(
        self,
        stranger_api: APIClient,
        agent: Agent,
        strangers_agent: Agent,
        settings: Settings,
    ) -> None:
        settings.MAX_PENDING_PER_USER = 1
        TaskFactory.create_batch(2, agent=agent)

        assert submit(stranger_api, strangers_agent) == "201"

    def test_count_no_longer_when_they_run_or_have_ended(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 1
        TaskFactory.create(agent=agent, running=True)
        TaskFactory.create(agent=agent, completed=True)

        assert submit(api, agent) == "201"

    def test_are_as_many_as_one_likes_without_a_limit(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 0
        TaskFactory.create_batch(3, agent=agent)

        assert submit(api, agent) == "201"


class TestPendingTasksOfAnAgent:
    def test_are_refused_when_there_are_as_many_as_may_be(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_AGENT = 1

        assert submit(api, agent) == "201"
        assert submit(api, agent) == "429 queue_full"

    def test_leave_room_for_other_agents(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_AGENT = 1
        TaskFactory.create(agent=agent)

        assert submit(api, AgentFactory.create(owner=agent.owner)) == "201"


class TestTasksThatCameTogether:
    """One transaction takes in what many requests bring at about the same time."""

    def test_take_the_room_that_is_left_in_their_order(
        self, agent: Agent, strangers_agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 2
        TaskFactory.create(agent=agent)

        outcomes = insert_tasks([order(agent), order(agent), order(strangers_agent)])

        first, second, third = outcomes
        assert isinstance(first, AgentTask)
        assert isinstance(second, QueueFullError)
        assert isinstance(third, AgentTask)
        assert third.owner == strangers_agent.owner

    def test_stand_behind_one_another_and_beside_those_of_others(
        self, agent: Agent, strangers_agent: Agent
    ) -> None:
        outcomes = insert_tasks([order(agent), order(agent), order(strangers_agent)])

        assert [task.rank for task in outcomes if isinstance(task, AgentTask)] == [
            0,
            1,
            0,
        ]

    def test_are_looked_for_in_one_query_whoever_they_are_of(
        self,
        agent: Agent,
        strangers_agent: Agent,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        both = [order(agent), order(strangers_agent)]

        # 1. versions, room and places, 2. the tasks, 3. their events, 4. and 5. the
        # counters of two agents; SQLite writes tasks one by one.
        with django_assert_num_queries(6 if connection.vendor == "sqlite" else 5):
            insert_tasks(both)
