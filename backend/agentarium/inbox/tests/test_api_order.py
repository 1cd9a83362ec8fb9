"""Orders and filters that no single index serves: paging forwards and backwards."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.inbox import index_merge
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory

TASKS = "/api/tasks/"
NAMES = ["Ada", "Bob", "Bob", "Cy", "Dee"]


@pytest.fixture(autouse=True)
def tasks(alice: User, monkeypatch: pytest.MonkeyPatch) -> list[AgentTask]:
    """Tasks of five agents: two have the same name, and one has no tasks."""
    monkeypatch.setattr(index_merge, "MAX_AGENTS", 2)
    agents = [AgentFactory.create(owner=alice, name=name) for name in NAMES]
    created = [
        TaskFactory.create(agent=agents[number % 4], **{trait: True})
        for number, trait in enumerate(["running", "completed", "failed"] * 4)
    ]
    TaskFactory.create(agent__name="Bob")
    return created


def pages(api: APIClient, address: str | None) -> Iterator[list[dict[str, Any]]]:
    while address:
        response = api.get(address)
        assert response.status_code == 200, response.content
        yield response.json()["results"]
        address = response.data["next"]


def newest_first(tasks: list[AgentTask]) -> list[AgentTask]:
    return sorted(tasks, key=lambda task: (task.created_at, task.pk), reverse=True)


def ids(tasks: list[AgentTask]) -> list[int]:
    return [task.pk for task in tasks]


@pytest.mark.parametrize("statuses", ["", "failed", "failed,running", "waiting"])
@pytest.mark.parametrize(
    "ordering", ["", "created_at", "status", "-status", "agent__name", "-agent__name"]
)
def test_each_page_continues_after_the_previous_one(
    api: APIClient, tasks: list[AgentTask], statuses: str, ordering: str
) -> None:
    address = f"{TASKS}?limit=2&ordering={ordering}&status={statuses}"

    found = [row["id"] for page in pages(api, address) for row in page]

    matching = [task for task in tasks if not statuses or task.status in statuses]
    keys = {
        "": None,
        "created_at": None,
        "status": lambda task: task.status,
        "agent__name": lambda task: (task.agent.name, task.agent_id),
    }
    expected = newest_first(matching)
    is_reversed = ordering.startswith("-")
    if key := keys[ordering.removeprefix("-")]:
        expected = sorted(expected, key=key, reverse=is_reversed)
    if ordering == "created_at":
        expected.reverse()
    assert found == ids(expected)


@pytest.mark.parametrize("ordering", ["-status", "agent__name", "-agent__name"])
def test_previous_links_lead_back_to_the_same_pages(
    api: APIClient, ordering: str
) -> None:
    first = api.get(f"{TASKS}?limit=5&ordering={ordering}")
    second = api.get(first.data["next"])
    third = api.get(second.data["next"])

    back = api.get(third.data["previous"])

    assert back.data["results"] == second.data["results"]
    assert api.get(back.data["previous"]).data["results"] == first.data["results"]


@pytest.mark.parametrize("ordering", ["status", "agent__name"])
def test_an_offset_skips_the_first_tasks(api: APIClient, ordering: str) -> None:
    whole = api.get(f"{TASKS}?ordering={ordering}").data["results"]

    rest = api.get(f"{TASKS}?ordering={ordering}&offset=5&limit=3").data["results"]

    assert rest == whole[5:8]


def test_ordering_by_agent_works_for_a_single_agent(
    api: APIClient, tasks: list[AgentTask]
) -> None:
    agent = tasks[0].agent_id

    found = api.get(f"{TASKS}?ordering=agent__name&agent={agent}").data["results"]

    mine = [task for task in tasks if task.agent_id == agent]
    assert [row["id"] for row in found] == ids(newest_first(mine))


def test_each_order_takes_few_queries(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # 1. the first tasks of each status, 2. the count
    with django_assert_num_queries(2):
        api.get(f"{TASKS}?ordering=-status&limit=2")
    # 1. agents in order, 2. the first tasks of some, 3. the count
    with django_assert_num_queries(3):
        api.get(f"{TASKS}?ordering=agent__name&limit=2")


def test_reads_ever_larger_groups_of_agents_if_filters_leave_few_tasks(
    api: APIClient,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(index_merge, "MAX_AGENTS", 50)
    AgentFactory.create_batch(9, owner=alice)
    Agent.objects.update(tasks_count=100)

    # 1. agents in order, 2. to 4. tasks of two, of four and of eight, 5. more agents
    with django_assert_num_queries(5):
        found = api.get(f"{TASKS}?ordering=agent__name&status=failed")

    assert len(found.data["results"]) == 4
