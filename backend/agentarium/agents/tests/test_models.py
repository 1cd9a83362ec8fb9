"""Agents that the ORM creates and changes have versions, as those of the API do."""

from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.agents.services import update_agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.providers.services import default_model


def by_create(owner: User) -> Agent:
    return Agent.objects.create(owner=owner, name="A")


def by_save(owner: User) -> Agent:
    agent = Agent(owner=owner, name="A")
    agent.save()
    return agent


def by_bulk_create(owner: User) -> Agent:
    (agent,) = Agent.objects.bulk_create([Agent(owner=owner, name="A")])
    return agent


def by_bulk_create_ignoring_conflicts(owner: User) -> Agent:
    Agent.objects.bulk_create([Agent(owner=owner, name="A")], ignore_conflicts=True)
    return Agent.objects.get(owner=owner)


def by_a_related_manager(owner: User) -> Agent:
    return owner.agents.get_or_create(name="A")[0]


def by_a_fixture(owner: User) -> Agent:
    row = {
        "model": "agents.agent",
        "pk": 70,
        "fields": {"owner": owner.pk, "name": "A"},
    }
    for deserialized in serializers.deserialize("python", [row]):
        deserialized.save()
    return Agent.objects.get(pk=70)


@pytest.mark.parametrize(
    "create",
    [
        by_create,
        by_save,
        by_bulk_create,
        by_bulk_create_ignoring_conflicts,
        by_a_related_manager,
        by_a_fixture,
    ],
)
def test_every_way_to_create_an_agent_sets_its_model_and_version(
    api: APIClient, alice: User, create: Any
) -> None:
    agent = create(alice)

    assert (agent.version, agent.temperature) == (1, 0.7)
    assert agent.model == default_model()
    (version,) = agent.versions.all()
    assert (version.number, version.definition) == (1, agent.definition)
    body = {"agent": agent.pk, "input_text": "hello"}
    assert api.post("/api/tasks/run/", body).status_code == 201


def test_creating_agents_takes_two_statements(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # 1. the agents, 2. their versions
    with django_assert_num_queries(2):
        Agent.objects.bulk_create(Agent(owner=alice, name=str(n)) for n in range(3))


class TestChange:
    def test_of_the_definition_creates_the_next_version(self, alice: User) -> None:
        agent = Agent.objects.create(owner=alice, name="A")

        agent.instructions = "New."
        agent.save()

        assert agent.version == 2
        agent.refresh_from_db()
        assert agent.version == 2
        newest, oldest = agent.versions.all()
        assert (newest.instructions, oldest.instructions) == ("New.", "")

    @pytest.mark.parametrize("changes", [{"name": "B"}, {"instructions": ""}])
    def test_of_anything_else_creates_no_version(
        self, alice: User, changes: dict[str, str]
    ) -> None:
        agent = Agent.objects.create(owner=alice, name="A")

        Agent.objects.filter(pk=agent.pk).update(**changes)
        for name, value in changes.items():
            setattr(agent, name, value)
        agent.save()

        assert (agent.version, agent.versions.count()) == (1, 1)

    def test_of_many_agents_creates_the_next_version_of_each(self, alice: User) -> None:
        one, other = AgentFactory.create_batch(2, owner=alice, instructions="Old.")
        update_agent(other, instructions="New.")

        assert Agent.objects.update(instructions="New.") == 2

        versions = Agent.objects.order_by("pk").values_list("version", flat=True)
        assert list(versions) == [2, 2]
        assert one.versions.get(number=2).instructions == "New."

    def test_in_bulk_creates_the_next_version(self, alice: User) -> None:
        agent = AgentFactory.create(owner=alice)
        agent.model = "openai:gpt-4o"

        Agent.objects.bulk_update([agent], ["model"])

        assert agent.versions.get(number=2).model == "openai:gpt-4o"

    def test_of_a_stale_agent_creates_a_version_after_the_newest(
        self, alice: User
    ) -> None:
        stale = AgentFactory.create(owner=alice, instructions="Old.")
        update_agent(stale, instructions="Newer.")
        Agent.objects.filter(pk=stale.pk).update(tasks_count=7)

        stale.save()

        agent = Agent.objects.get(pk=stale.pk)
        assert (agent.version, agent.tasks_count) == (3, 7)
        assert agent.versions.get(number=3).instructions == "Old."
        assert agent.versions.count() == 3

    def test_with_deferred_columns_keeps_the_count_of_tasks(self, alice: User) -> None:
        AgentFactory.create(owner=alice)
        stale = Agent.objects.defer("instructions").get()
        Agent.objects.update(tasks_count=7)

        stale.name = "Renamed"
        stale.save()

        agent = Agent.objects.get()
        assert (agent.name, agent.tasks_count, agent.version) == ("Renamed", 7, 1)

    def test_of_the_key_creates_a_copy_with_a_version_and_no_tasks(
        self, alice: User
    ) -> None:
        copy = AgentFactory.create(owner=alice)
        Agent.objects.update(tasks_count=7)
        copy.refresh_from_db()

        copy.pk = None
        copy.save()

        copy.refresh_from_db()
        assert (copy.tasks_count, copy.versions.get().number) == (0, 1)

    @pytest.mark.parametrize("exists", [False, True])
    def test_creates_one_agent_from_rows_with_the_same_key(
        self, alice: User, *, exists: bool
    ) -> None:
        rows = [
            Agent(pk=70, owner=alice, name=name, instructions=name)
            for name in ("A", "B")
        ]
        if exists:
            Agent.objects.create(pk=70, owner=alice, name="0")

        Agent.objects.bulk_create(rows, ignore_conflicts=True)

        agent = Agent.objects.get()
        assert agent.name == ("0" if exists else "A")
        assert agent.versions.get().definition == agent.definition

    def test_an_ignored_conflict_creates_no_version(self, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.")
        again = Agent(pk=agent.pk, owner=alice, name="A", instructions="New.")

        Agent.objects.bulk_create([again], ignore_conflicts=True)

        agent.refresh_from_db()
        assert (agent.version, agent.versions.count()) == (1, 1)
        assert agent.instructions == "Old."

    def test_by_an_upsert_creates_the_next_version(self, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.")
        again = Agent(pk=agent.pk, owner=alice, name="A", instructions="New.")

        Agent.objects.bulk_create(
            [again],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["instructions"],
        )

        agent.refresh_from_db()
        assert agent.version == 2
        assert agent.versions.get(number=2).instructions == "New."


class TestFixture:
    def test_of_agents_and_versions_loads_as_dumped(
        self, alice: User, tmp_path: Any
    ) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.")
        update_agent(agent, instructions="New.")
        other = AgentFactory.create(owner=alice)
        path = tmp_path / "agents.json"
        call_command("dumpdata", "agents", output=str(path), verbosity=0)
        # Without times, which a dump truncates to milliseconds.
        columns = ("pk", "agent", "number", "instructions", "model")
        before = list(AgentVersion.objects.order_by("pk").values(*columns))
        Agent.objects.all().delete()

        call_command("loaddata", str(path), verbosity=0)

        assert list(AgentVersion.objects.order_by("pk").values(*columns)) == before
        numbers = Agent.objects.order_by("pk").values_list("pk", "version")
        assert list(numbers) == [(agent.pk, 2), (other.pk, 1)]

    def test_may_hold_versions_before_their_agent(self, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.")
        update_agent(agent, instructions="New.")
        rows = serializers.serialize(
            "python", [*agent.versions.all(), Agent.objects.get()]
        )
        Agent.objects.all().delete()

        for row in serializers.deserialize("python", rows):
            row.save()

        loaded = Agent.objects.get()
        assert loaded.version == 2
        assert loaded.versions.count() == 2
        assert loaded.versions.get(number=2).instructions == "New."

    def test_with_changes_of_an_existing_agent_creates_its_next_version(
        self, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice, instructions="Old.")
        fields = {"owner": alice.pk, "name": "A", "instructions": "New."}
        row = {"model": "agents.agent", "pk": agent.pk, "fields": fields}

        for deserialized in serializers.deserialize("python", [row]):
            deserialized.save()

        agent.refresh_from_db()
        assert agent.version == 2
        assert agent.versions.get(number=2).instructions == "New."
