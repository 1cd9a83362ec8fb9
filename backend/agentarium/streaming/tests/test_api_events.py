"""The HTTP side of the event stream: access, cursors, and content negotiation."""

import asyncio
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.streaming.tests import frames
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import EventFactory, TaskFactory

# Streams read the database on other threads.
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
def test_accepts_every_type_that_includes_a_stream_or_json(
    api: APIClient, task: AgentTask, accept: str
) -> None:
    response = api.get(url(task), headers={"accept": accept})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert [(frame.type, frame.id) for frame in read(response, at_most=2)] == [
        ("task.created", "0.1.0.0"),
        ("task.started", "1.1.0.0"),
    ]


def test_events_have_a_time(api: APIClient, task: AgentTask) -> None:
    created_at = task.events.get(type="task.created").created_at.isoformat()

    (frame,) = read(api.get(url(task)), at_most=1)

    assert frame.data["created_at"] == created_at


def test_continues_after_a_cursor(api: APIClient, task: AgentTask) -> None:
    (frame,) = read(api.get(url(task), {"after": "0.1.0.0"}), at_most=1)

    assert frame.type == "task.started"


def test_last_event_id_takes_precedence_over_the_query(
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
def test_refuses_an_invalid_cursor(
    api: APIClient, task: AgentTask, query: dict[str, str], headers: dict[str, str]
) -> None:
    response = api.get(
        url(task), query, headers={"accept": "text/event-stream", **headers}
    )

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.data["code"] == "invalid_cursor"


def test_a_stranger_gets_404_as_a_problem(
    stranger_api: APIClient, task: AgentTask
) -> None:
    response = stranger_api.get(url(task), headers={"accept": "text/event-stream"})

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_anonymous_reader_gets_401_as_a_problem(
    anonymous_api: APIClient, task: AgentTask
) -> None:
    response = anonymous_api.get(url(task), headers={"accept": "text/event-stream"})

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"


def test_refuses_an_unsupported_media_type(api: APIClient, task: AgentTask) -> None:
    response = api.get(url(task), headers={"accept": "image/png"})

    assert response.status_code == 406
    assert response.headers["Content-Type"] == "application/problem+json"
