"""The export: all data of the user, nothing of others, read in pages."""

import json
from collections import Counter
from typing import Any, cast

import pytest
from django.http import StreamingHttpResponse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.reporting import export
from agentarium.tasks.models import Draft
from agentarium.tasks.tests.factories import EventFactory, StepFactory, TaskFactory

EXPORT = "/api/export/"


def read(api: APIClient, **headers: Any) -> list[dict[str, Any]]:
    response = cast(StreamingHttpResponse, api.get(EXPORT, headers=headers))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in b"".join(response).splitlines()]


@pytest.fixture
def agent(alice: User) -> Agent:
    return AgentFactory.create(owner=alice, name="Writer")


def fill(agent: Agent, tasks: int) -> None:
    """Create tasks, each with two steps, three events and a draft."""
    for _ in range(tasks):
        task = TaskFactory.create(agent=agent, completed=True)
        StepFactory.create(task=task, position=1)
        StepFactory.create(task=task, position=2)
        for attempt, seq in ((0, 1), (1, 1), (1, 2)):
            EventFactory.create(task=task, attempt=attempt, seq=seq)
        Draft.objects.create(
            task=task, attempt=1, seq=1, step=1, channel="text", offset=0, text="Half"
        )


def test_contains_all_kinds_of_rows_as_in_the_api(api: APIClient, agent: Agent) -> None:
    fill(agent, 1)

    rows = read(api)

    by_kind = {row["type"]: row for row in rows}
    assert by_kind["agent"]["name"] == "Writer"
    assert by_kind["agent_version"]["agent"] == agent.pk
    assert by_kind["task"]["output_text"] == "Four."
    assert by_kind["step"]["message"]["role"] == "assistant"
    assert by_kind["event"]["event"] == "task.created"
    assert by_kind["draft"]["text"] == "Half"
    task = by_kind["task"]["id"]
    assert {by_kind[kind]["task"] for kind in ("step", "event", "draft")} == {task}
    assert rows[-1] == {"type": "end", "count": len(rows) - 1}


def test_contains_nothing_of_other_users(
    api: APIClient, alice: User, stranger_api: APIClient, agent: Agent
) -> None:
    fill(agent, 1)

    assert read(stranger_api) == [{"type": "end", "count": 0}]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_contains_each_row_once_for_any_page_size(
    api: APIClient, agent: Agent, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(export, "PAGE_SIZE", size)
    fill(agent, 5)

    rows = read(api)

    kinds = Counter(row["type"] for row in rows)
    assert kinds["agent"] == 1
    assert (kinds["task"], kinds["step"], kinds["event"], kinds["draft"]) == (
        5,
        10,
        15,
        5,
    )
    assert len({json.dumps(row) for row in rows}) == len(rows)


def test_reads_the_records_of_a_page_of_tasks_together(
    api: APIClient, agent: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(agent, 4)

    # 1. agents, 2. versions, 3. tasks, 4. steps, 5. events, 6. drafts
    with django_assert_num_queries(6):
        read(api)


@pytest.mark.parametrize("accept", ["application/x-ndjson", "*/*", "application/json"])
def test_accepts_every_type_that_includes_json(
    api: APIClient, agent: Agent, accept: str
) -> None:
    assert read(api, accept=accept)[0]["type"] == "agent"
