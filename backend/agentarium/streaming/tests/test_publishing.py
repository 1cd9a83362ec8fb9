"""Publishing changes of tasks: when, and with what."""

import pytest
from django.db import transaction

from agentarium.accounts.models import User
from agentarium.tasks import publishing
from agentarium.tasks.models import AgentTask
from agentarium.tasks.publishing import ChangedTask, publish, register_publisher
from agentarium.tasks.services import cancel_task
from agentarium.tasks.tests.factories import TaskFactory


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The id and status of each task that the publisher was called with."""
    calls: list[tuple[int, str]] = []

    def record(task: ChangedTask) -> None:
        calls.append((task.pk, str(task.status)))

    monkeypatch.setattr(publishing, "_publishers", [])
    register_publisher(record)
    register_publisher(record)
    return calls


@pytest.fixture
def task(transactional_db: None) -> AgentTask:
    return TaskFactory.create()


def test_a_change_is_published_once_after_the_commit(
    task: AgentTask, published: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        publish(task)
        assert published == []

    assert published == [(task.pk, "pending")]


def test_a_change_that_is_rolled_back_is_not_published(
    task: AgentTask, published: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        publish(task)
        transaction.set_rollback(True)

    assert published == []


def test_services_publish_their_changes(
    task: AgentTask, published: list[tuple[int, str]]
) -> None:
    owner: User = task.owner

    cancel_task(task, by=owner)

    assert published == [(task.pk, "cancelled")]
