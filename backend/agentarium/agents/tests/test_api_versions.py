"""Changing, rolling back, restoring and duplicating agents."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import update_agent
from agentarium.agents.tests.factories import AgentFactory

AGENTS = "/api/agents/"


def url(agent: Agent, action: str = "") -> str:
    return f"{AGENTS}{agent.pk}/{action}"


def names(response: Any) -> list[str]:
    return [row["name"] for row in response.data["results"]]


class TestUpdate:
    def test_a_change_of_the_definition_creates_a_version(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.")

        response = api.patch(url(agent), {"instructions": "New."})

        assert response.data["version"] == 2
        assert response.data["instructions"] == "New."
        versions = agent.versions.values_list("number", "instructions")
        assert list(versions) == [(2, "New."), (1, "Old.")]

    def test_a_new_name_creates_no_version(self, api: APIClient, alice: User) -> None:
        agent = AgentFactory.create(owner=alice)

        response = api.patch(url(agent), {"name": "New"})

        assert (response.data["name"], response.data["version"]) == ("New", 1)
        assert agent.versions.count() == 1

    def test_put_replaces_only_the_fields_in_the_body(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice, temperature=1.0)

        response = api.put(url(agent), {"name": "New", "temperature": None})

        assert response.status_code == 200
        agent.refresh_from_db()
        assert (agent.name, agent.temperature) == ("New", None)
        assert agent.model == "openai:gpt-4o-mini"

    def test_ignores_read_only_fields(
        self, api: APIClient, alice: User, stranger: User
    ) -> None:
        agent = AgentFactory.create(owner=alice)

        response = api.patch(
            url(agent), {"version": 9, "tasks_count": 9, "owner": stranger.pk}
        )

        assert response.status_code == 200
        agent.refresh_from_db()
        assert (agent.version, agent.tasks_count, agent.owner) == (1, 0, alice)

    def test_an_invalid_field_changes_nothing(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice, name="Old")

        response = api.patch(url(agent), {"name": "New", "timeout": 0})

        assert list(response.data["errors"]) == ["timeout"]
        agent.refresh_from_db()
        assert agent.name == "Old"


class TestVersions:
    def test_lists_them_newest_first_in_three_queries(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        agent = AgentFactory.create(owner=alice, instructions="1")
        update_agent(agent, instructions="2")
        update_agent(agent, instructions="3")

        # 1. the agent, 2. its versions, 3. who switched approvals off
        with django_assert_num_queries(3):
            response = api.get(url(agent, "versions/"))

        assert response.data["count"] == 3
        rows = [
            (row["number"], row["instructions"]) for row in response.data["results"]
        ]
        assert rows == [(3, "3"), (2, "2"), (1, "1")]

    def test_are_paginated(self, api: APIClient, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, instructions="1")
        update_agent(agent, instructions="2")

        first = api.get(url(agent, "versions/"), {"limit": 1})
        second = api.get(first.data["next"])

        assert [row["number"] for row in second.data["results"]] == [1]


class TestRollback:
    def test_creates_the_next_version_from_an_earlier_one(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.", temperature=1.0)
        update_agent(agent, instructions="New.", temperature=None)

        response = api.post(url(agent, "rollback/"), {"version": 1})

        assert response.status_code == 200
        assert response.data["version"] == 3
        assert response.data["instructions"] == "Old."
        assert response.data["temperature"] == 1.0
        assert agent.versions.count() == 3

    @pytest.mark.parametrize("version", [7, 0, "x", None, 10**30])
    def test_refuses_a_version_that_does_not_exist(
        self, api: APIClient, alice: User, version: Any
    ) -> None:
        agent = AgentFactory.create(owner=alice)

        response = api.post(url(agent, "rollback/"), {"version": version})

        assert response.status_code == 400
        assert list(response.data["errors"]) == ["version"]

    def test_refuses_versions_of_other_agents(
        self, api: APIClient, alice: User
    ) -> None:
        agent, other = AgentFactory.create_batch(2, owner=alice)
        update_agent(other, instructions="New.")

        response = api.post(url(agent, "rollback/"), {"version": 2})

        assert response.status_code == 400


class TestRestore:
    def test_restores_a_deleted_agent(self, api: APIClient, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, deleted_at=timezone.now())

        response = api.post(url(agent, "restore/"))

        assert response.status_code == 200
        assert response.data["deleted_at"] is None
        assert names(api.get(AGENTS)) == [agent.name]

    def test_does_not_change_an_agent_that_is_not_deleted(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice)

        response = api.post(url(agent, "restore/"))

        assert response.status_code == 200
        before = agent.updated_at
        agent.refresh_from_db()
        assert agent.updated_at == before


class TestDuplicate:
    def test_creates_an_agent_with_the_same_definition(
        self, api: APIClient, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice, description="Writes", temperature=0.3)
        Agent.objects.update(tasks_count=4)
        update_agent(agent, instructions="New.")

        response = api.post(url(agent, "duplicate/"))

        assert response.status_code == 201
        copy = Agent.objects.get(pk=response.data["id"])
        assert response.headers["Location"] == url(copy)
        assert copy.definition == Agent.objects.get(pk=agent.pk).definition
        assert (copy.owner, copy.name) == (alice, f"{agent.name} (copy)")
        assert (copy.description, copy.version, copy.tasks_count) == ("Writes", 1, 0)

    def test_truncates_a_long_name(self, api: APIClient, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, name="n" * 100)

        response = api.post(url(agent, "duplicate/"))

        assert response.data["name"] == "n" * 93 + " (copy)"
