"""Limits on the number of pending tasks."""

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
    """Submit a task; returns the HTTP status, and the code of the problem, if any."""
    response = api.post("/api/tasks/", {"agent": agent.pk, "input_text": "Hello"})
    problem = response.data.get("code", "")
    if problem:
        assert int(response.headers["Retry-After"]) > 0
    return f"{response.status_code} {problem}".strip()


def new_task(agent: Agent) -> NewTask:
    return NewTask(agent=agent, owner=agent.owner, input_text="Hello")


class TestPendingTasksOfAUser:
    def test_are_refused_at_the_limit(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 2

        assert submit(api, agent) == "201"
        assert submit(api, AgentFactory.create(owner=agent.owner)) == "201"
        assert submit(api, agent) == "429 queue_full"
        assert AgentTask.objects.count() == 2

    def test_do_not_limit_other_users(
        self,
        stranger_api: APIClient,
        agent: Agent,
        strangers_agent: Agent,
        settings: Settings,
    ) -> None:
        settings.MAX_PENDING_PER_USER = 1
        TaskFactory.create_batch(2, agent=agent)

        assert submit(stranger_api, strangers_agent) == "201"

    def test_do_not_include_running_and_ended_tasks(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 1
        TaskFactory.create(agent=agent, running=True)
        TaskFactory.create(agent=agent, completed=True)

        assert submit(api, agent) == "201"

    def test_are_not_limited_by_a_limit_of_zero(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 0
        TaskFactory.create_batch(3, agent=agent)

        assert submit(api, agent) == "201"


class TestPendingTasksOfAnAgent:
    def test_are_refused_at_the_limit(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_AGENT = 1

        assert submit(api, agent) == "201"
        assert submit(api, agent) == "429 queue_full"

    def test_do_not_limit_other_agents(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_AGENT = 1
        TaskFactory.create(agent=agent)

        assert submit(api, AgentFactory.create(owner=agent.owner)) == "201"


class TestConcurrentSubmits:
    """One transaction inserts the tasks of concurrent requests."""

    def test_are_accepted_in_order_up_to_the_limit(
        self, agent: Agent, strangers_agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_PENDING_PER_USER = 2
        TaskFactory.create(agent=agent)

        outcomes = insert_tasks(
            [new_task(agent), new_task(agent), new_task(strangers_agent)]
        )

        first, second, third = outcomes
        assert isinstance(first, AgentTask)
        assert isinstance(second, QueueFullError)
        assert isinstance(third, AgentTask)
        assert third.owner == strangers_agent.owner

    def test_get_consecutive_ranks_for_each_owner(
        self, agent: Agent, strangers_agent: Agent
    ) -> None:
        outcomes = insert_tasks(
            [new_task(agent), new_task(agent), new_task(strangers_agent)]
        )

        assert [task.rank for task in outcomes if isinstance(task, AgentTask)] == [
            0,
            1,
            0,
        ]

    def test_of_several_users_share_their_queries(
        self,
        agent: Agent,
        strangers_agent: Agent,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        both = [new_task(agent), new_task(strangers_agent)]

        # 1. versions, numbers of pending tasks and ranks, 2. the tasks, 3. their events,
        # 4. and 5. the counts of two agents, 6. and 7. the bytes of two owners. SQLite
        # inserts tasks one by one.
        with django_assert_num_queries(8 if connection.vendor == "sqlite" else 7):
            insert_tasks(both)
