"""What is published of a task, and when."""

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
    """The id and the status of each task that a publisher was called with."""
    said: list[tuple[int, str]] = []

    def take(task: ChangedTask) -> None:
        said.append((task.pk, str(task.status)))

    monkeypatch.setattr(publishing, "_publishers", [])
    register_publisher(take)
    register_publisher(take)
    return said


@pytest.fixture
def task(transactional_db: None) -> AgentTask:
    return TaskFactory.create()


def test_a_change_is_published_once_it_is_committed(
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


def test_services_publish_what_they_change(
    task: AgentTask, published: list[tuple[int, str]]
) -> None:
    owner: User = task.owner

    cancel_task(task, by=owner)

    assert published == [(task.pk, "cancelled")]
