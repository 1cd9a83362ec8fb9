"""The stream's edge: who may open it, from where, and in which form.

What it sends is tested where it is made.
"""

import asyncio
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.streaming.tests import frames
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import EventFactory, TaskFactory

# What a stream sends is read on threads of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def task(alice: User) -> AgentTask:
    """A task with two events, at 0.1 and 1.1."""
    task = TaskFactory.create(agent__owner=alice, running=True)
    EventFactory.create(task=task)
    EventFactory.create(task=task, attempt=1, type="task.started")
    return task


def url(task: AgentTask) -> str:
    return f"/api/tasks/{task.pk}/events/"


def read(response: Any, *, at_most: int) -> list[frames.Frame]:
    return asyncio.run(frames.read(response.follow(), at_most=at_most))


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "*/*", "application/json", "text/event-stream, */*"]
)
def test_opens_whatever_form_is_asked_for(
    api: APIClient, task: AgentTask, accept: str
) -> None:
    response = api.get(url(task), headers={"accept": accept})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert [(frame.type, frame.id) for frame in read(response, at_most=2)] == [
        ("task.created", "0.1.0.0"),
        ("task.started", "1.1.0.0"),
    ]


def test_says_when_it_happened(api: APIClient, task: AgentTask) -> None:
    created_at = task.events.get(type="task.created").created_at.isoformat()

    (frame,) = read(api.get(url(task)), at_most=1)

    assert frame.data["created_at"] == created_at


def test_continues_after_a_cursor(api: APIClient, task: AgentTask) -> None:
    (frame,) = read(api.get(url(task), {"after": "0.1.0.0"}), at_most=1)

    assert frame.type == "task.started"


def test_continues_where_the_browser_says_it_was(
    api: APIClient, task: AgentTask
) -> None:
    response = api.get(
        url(task), {"after": "0.0"}, headers={"Last-Event-ID": "0.1.0.0"}
    )

    (frame,) = read(response, at_most=1)
    assert frame.type == "task.started"


@pytest.mark.parametrize(
    ("query", "headers"), [({"after": "x"}, {}), ({}, {"Last-Event-ID": "1.2.3"})]
)
def test_refuses_a_cursor_that_is_none(
    api: APIClient, task: AgentTask, query: dict[str, str], headers: dict[str, str]
) -> None:
    response = api.get(
        url(task), query, headers={"accept": "text/event-stream", **headers}
    )

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.data["code"] == "invalid_cursor"


def test_says_that_there_is_no_such_task_to_a_stream_reader_too(
    stranger_api: APIClient, task: AgentTask
) -> None:
    response = stranger_api.get(url(task), headers={"accept": "text/event-stream"})

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_asks_an_anonymous_stream_reader_who_it_is(
    anonymous_api: APIClient, task: AgentTask
) -> None:
    response = anonymous_api.get(url(task), headers={"accept": "text/event-stream"})

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"


def test_refuses_a_form_that_it_does_not_speak(api: APIClient, task: AgentTask) -> None:
    response = api.get(url(task), headers={"accept": "image/png"})

    assert response.status_code == 406
    assert response.headers["Content-Type"] == "application/problem+json"
