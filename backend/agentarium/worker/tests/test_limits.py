"""The limits of running tasks per user and per agent."""

from collections import Counter

import pytest
from django.utils import timezone
from pytest_django import Settings

from agentarium.accounts.models import QuotaLimits, User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import Worker
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.worker.leases import register_worker
from agentarium.worker.queue.claims import claim_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> Worker:
    return register_worker(capacity=10)


@pytest.fixture
def agent(alice: User) -> Agent:
    return AgentFactory.create(owner=alice)


def claim(worker: Worker) -> Counter[int]:
    """The number of tasks of each agent that a worker claims."""
    return Counter(task.agent_id for task in claim_tasks(worker, limit=10))


def test_a_user_has_at_most_the_allowed_number_of_running_tasks(
    worker: Worker, agent: Agent, strangers_agent: Agent, settings: Settings
) -> None:
    settings.MAX_RUNNING_PER_USER = 2
    TaskFactory.create(agent=agent, running=True)
    TaskFactory.create_batch(3, agent=agent)
    TaskFactory.create_batch(2, agent=strangers_agent)

    assert claim(worker) == {agent.pk: 1, strangers_agent.pk: 2}
    assert claim(worker) == {}


def test_an_agent_has_at_most_the_allowed_number_of_running_tasks(
    worker: Worker, agent: Agent, settings: Settings
) -> None:
    other = AgentFactory.create(owner=agent.owner)
    settings.MAX_RUNNING_PER_AGENT = 1
    TaskFactory.create_batch(2, agent=agent)
    TaskFactory.create_batch(2, agent=other)

    assert claim(worker) == {agent.pk: 1, other.pk: 1}


@pytest.mark.parametrize(("own", "claimed"), [(3, 3), (0, 5), (1, 1)])
def test_a_user_may_have_another_limit(
    worker: Worker, agent: Agent, settings: Settings, own: int, claimed: int
) -> None:
    settings.MAX_RUNNING_PER_USER = 2
    QuotaLimits.objects.create(user=agent.owner, running_tasks=own)
    TaskFactory.create_batch(5, agent=agent)

    assert claim(worker) == {agent.pk: claimed}


def test_a_user_may_have_a_limit_where_others_have_none(
    worker: Worker, agent: Agent, strangers_agent: Agent, settings: Settings
) -> None:
    settings.MAX_RUNNING_PER_USER = 0
    QuotaLimits.objects.create(user=agent.owner, running_tasks=1)
    TaskFactory.create_batch(2, agent=agent)
    TaskFactory.create_batch(2, agent=strangers_agent)

    assert claim(worker) == {agent.pk: 1, strangers_agent.pk: 2}


def test_a_queued_task_is_claimed_when_a_running_one_has_ended(
    worker: Worker, agent: Agent, settings: Settings
) -> None:
    settings.MAX_RUNNING_PER_USER = 1
    running = TaskFactory.create(agent=agent, running=True)
    TaskFactory.create(agent=agent)
    assert claim(worker) == {}

    running.status, running.finished_at = running.Status.COMPLETED, timezone.now()
    running.save()

    assert claim(worker) == {agent.pk: 1}


def test_all_tasks_are_claimed_without_limits(worker: Worker, agent: Agent) -> None:
    TaskFactory.create_batch(3, agent=agent)

    assert claim(worker) == {agent.pk: 3}
