from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import DEFINITION_FIELDS, Agent
from agentarium.agents.services import update_agent
from agentarium.agents.tests.clients import with_scopes
from agentarium.agents.tests.factories import AgentFactory

AGENTS = "/api/agents/"


def url(agent: Agent, action: str = "") -> str:
    return f"{AGENTS}{agent.pk}/{action}"


def names(response: Any) -> list[str]:
    return [row["name"] for row in response.data["results"]]


class TestList:
    def test_shows_only_the_callers_agents(self, api: APIClient, alice: User) -> None:
        agents = AgentFactory.create_batch(3, owner=alice)
        AgentFactory.create()

        response = api.get(AGENTS)

        assert names(response) == [agent.name for agent in reversed(agents)]

    @pytest.mark.parametrize(
        ("word", "found"),
        [("Poet", ["Poet"]), ("rhymes", ["Poet"]), ("prompt", []), ("poet nope", [])],
    )
    def test_searches_names_and_descriptions(
        self, api: APIClient, alice: User, word: str, found: list[str]
    ) -> None:
        AgentFactory.create(
            owner=alice, name="Poet", description="rhymes", instructions="prompt"
        )
        AgentFactory.create(owner=alice, name="Judge")

        assert names(api.get(AGENTS, {"search": word})) == found

    @pytest.mark.parametrize(
        ("ordering", "first"),
        [
            ("name", "A"),
            ("-name", "B"),
            ("created_at", "B"),
            ("-created_at", "A"),
            ("updated_at", "A"),
            ("-updated_at", "B"),
            ("tasks_count", "B"),
            ("-tasks_count", "A"),
        ],
    )
    def test_orders_agents(
        self, api: APIClient, alice: User, ordering: str, first: str
    ) -> None:
        hour = timedelta(hours=1)
        old = AgentFactory.create(
            owner=alice, name="B", created_at=timezone.now() - hour
        )
        AgentFactory.create(owner=alice, name="A")
        for name, count in (("B", 1), ("A", 2)):
            Agent.objects.filter(name=name).update(tasks_count=count)
        update_agent(old, description="changed last")

        assert names(api.get(AGENTS, {"ordering": ordering}))[0] == first

    def test_filters_by_model(self, api: APIClient, alice: User) -> None:
        AgentFactory.create(owner=alice, name="Mini", model="openai:gpt-4o-mini")
        AgentFactory.create(owner=alice, name="Big", model="openai:gpt-4o")

        assert names(api.get(AGENTS, {"model": "openai:gpt-4o"})) == ["Big"]

    @pytest.mark.parametrize(
        ("value", "found"),
        [("true", ["Deleted"]), ("false", ["Kept"]), ("", ["Kept"])],
    )
    def test_lists_deleted_agents_or_the_others(
        self, api: APIClient, alice: User, value: str, found: list[str]
    ) -> None:
        AgentFactory.create(owner=alice, name="Kept")
        AgentFactory.create(owner=alice, name="Deleted", deleted_at=timezone.now())

        assert names(api.get(AGENTS, {"is_deleted": value})) == found

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("is_deleted", "maybe"),
            ("ordering", "owner"),
            ("ordering", "deleted_at"),
            ("owner", "1"),
            ("model", "a\0b"),
            ("search", "a\0b"),
        ],
    )
    def test_refuses_unknown_parameters_and_values(
        self, api: APIClient, name: str, value: str
    ) -> None:
        response = api.get(AGENTS, {name: value})

        assert response.status_code == 400
        assert list(response.data["errors"]) == [name]


class TestCreate:
    def test_creates_an_agent_and_its_first_version(
        self, api: APIClient, alice: User
    ) -> None:
        body = {
            "name": "Poet",
            "description": "Writes",
            "instructions": "  Rhyme.\n",
            "model": "anthropic:claude-sonnet-4-5",
            "temperature": 0.5,
            "max_output_tokens": 100,
            "top_p": 0.9,
            "reasoning_effort": "low",
            "seed": 7,
            "stop": ["END", "\n\n"],
            "parallel_tool_calls": False,
            "extra_body": {"top_k": 20},
            "timeout": 60,
        }

        response = api.post(AGENTS, body)

        assert response.status_code == 201
        assert response.data.items() >= body.items()
        assert response.headers["Location"] == f"{AGENTS}{response.data['id']}/"
        agent = Agent.objects.get(pk=response.data["id"])
        assert agent.owner == alice
        assert agent.versions.values(*DEFINITION_FIELDS).get() == agent.definition

    def test_uses_the_default_model(self, api: APIClient, settings: Any) -> None:
        settings.DEFAULT_MODEL = "openai:gpt-4o"

        response = api.post(AGENTS, {"name": "Poet"})

        assert response.data["model"] == "openai:gpt-4o"

    def test_ignores_read_only_fields(
        self, api: APIClient, alice: User, stranger: User
    ) -> None:
        read_only = {
            "id": 77,
            "owner": stranger.pk,
            "version": 5,
            "tasks_count": 9,
            "created_at": "2001-01-01T00:00:00Z",
            "deleted_at": "2001-01-01T00:00:00Z",
        }

        response = api.post(AGENTS, {"name": "Poet", **read_only})

        assert response.status_code == 201
        agent = Agent.objects.get()
        assert (agent.owner, agent.version, agent.tasks_count) == (alice, 1, 0)
        assert agent.deleted_at is None
        assert agent.created_at.year > 2001

    @pytest.mark.parametrize(
        ("model", "code"),
        [
            ("acme:large", "unknown_provider"),
            ("Openai:gpt-4o", "unknown_provider"),
            ("openai:", "invalid_model_name"),
            (":gpt-4o", "invalid_model_name"),
            ("gpt 4o", "invalid_model_name"),
            ("openai:gpt\n4o", "invalid_model_name"),
            ("openai:gpt\x7f", "invalid_model_name"),
            ("öpenai:gpt", "invalid_model_name"),
            ("", "blank"),
            (" ", "blank"),
            (None, "null"),
            (4, "invalid"),
            (["openai:gpt-4o"], "invalid"),
            ("m" * 201, "max_length"),
        ],
    )
    def test_refuses_an_invalid_model_name(
        self, api: APIClient, model: Any, code: str
    ) -> None:
        response = api.post(AGENTS, {"name": "Poet", "model": model})

        assert response.status_code == 400
        assert response.data["errors"]["model"][0]["code"] == code

    def test_lists_the_providers_in_the_error(self, api: APIClient) -> None:
        response = api.post(AGENTS, {"name": "Poet", "model": "acme:large"})

        detail = response.data["errors"]["model"][0]["detail"]
        assert "anthropic" in detail
        assert "openai" in detail

    @pytest.mark.parametrize(
        "model",
        ["gpt-4o-mini", "openai:llama3.2:3b", "openai:org/name@v1", "builtin:smollm2"],
    )
    def test_accepts_unknown_models_of_known_providers(
        self, api: APIClient, model: str
    ) -> None:
        assert api.post(AGENTS, {"name": "Poet", "model": model}).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", " "),
            ("name", "n" * 101),
            ("name", "a\0b"),
            ("name", None),
            ("name", ["a"]),
            ("description", "d" * 10_001),
            ("description", "a\0b"),
            ("instructions", "a\0b"),
            ("instructions", "i" * 100_001),
            ("instructions", {"a": 1}),
            ("temperature", -0.1),
            ("temperature", 2.1),
            ("temperature", "nan"),
            ("temperature", "warm"),
            ("top_p", 1.1),
            ("top_p", -0.1),
            ("reasoning_effort", "hard"),
            ("seed", -1),
            ("seed", 2**31),
            ("stop", "END"),
            ("stop", [""]),
            ("stop", ["s" * 101]),
            ("stop", ["a", "b", "c", "d", "e"]),
            ("parallel_tool_calls", "often"),
            ("extra_body", []),
            ("extra_body", {"model": "other"}),
            ("extra_body", {"api_base": "http://127.0.0.1"}),
            ("extra_body", {"x": "y" * 10_000}),
            ("max_output_tokens", 0),
            ("max_output_tokens", 1_000_001),
            ("max_output_tokens", "many"),
            ("timeout", 0),
            ("timeout", 86_401),
            ("timeout", None),
        ],
    )
    def test_refuses_invalid_values(
        self, api: APIClient, field: str, value: Any
    ) -> None:
        response = api.post(AGENTS, {"name": "Poet", field: value})

        assert response.status_code == 400
        assert response.data["code"] == "invalid"
        assert {name.partition(".")[0] for name in response.data["errors"]} == {field}
        assert not Agent.objects.exists()

    def test_refuses_extra_parameters_that_the_operator_forbids(
        self, api: APIClient, settings: Any
    ) -> None:
        settings.EXTRA_BODY = False

        refused = api.post(AGENTS, {"name": "Poet", "extra_body": {"top_k": 20}})
        created = api.post(AGENTS, {"name": "Poet", "extra_body": {}})

        assert (refused.status_code, list(refused.data["errors"])) == (
            400,
            ["extra_body"],
        )
        assert created.status_code == 201

    @pytest.mark.parametrize("field", ["tools", "fallback_models", "stop"])
    def test_refuses_a_long_list_without_validating_its_values(
        self, api: APIClient, field: str
    ) -> None:
        response = api.post(AGENTS, {"name": "Poet", field: [1] * 1000})

        assert response.status_code == 400
        assert list(response.data["errors"]) == [field]
        assert response.data["errors"][field][0]["code"] == "max_length"

    def test_requires_a_name(self, api: APIClient) -> None:
        response = api.post(AGENTS, {})

        assert response.data["errors"]["name"][0]["code"] == "required"


class TestRetrieve:
    def test_shows_an_agent_in_one_query(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        agent = AgentFactory.create(owner=alice)

        # 1. the agent
        with django_assert_num_queries(1):
            response = api.get(url(agent))

        assert response.data["instructions"] == agent.instructions

    def test_returns_a_deleted_agent(self, api: APIClient, alice: User) -> None:
        agent = AgentFactory.create(owner=alice, deleted_at=timezone.now())

        response = api.get(url(agent))

        assert response.status_code == 200
        assert response.data["deleted_at"] is not None

    @pytest.mark.parametrize("pk", ["0", "abc", "-1", "9" * 30, "1.0", "%00"])
    def test_returns_404_for_an_invalid_id(
        self, api: APIClient, alice: User, pk: str
    ) -> None:
        response = api.get(f"{AGENTS}{pk}/")

        assert response.status_code == 404
        assert response.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("put", "", {"name": "New"}),
        ("patch", "", {"name": "New"}),
        ("delete", "", None),
        ("get", "versions/", None),
        ("post", "rollback/", {"version": 1}),
        ("post", "duplicate/", None),
    ],
)
def test_a_deleted_agent_can_only_be_read_and_restored(
    api: APIClient, alice: User, method: str, action: str, body: Any
) -> None:
    agent = AgentFactory.create(owner=alice, deleted_at=timezone.now())

    response = getattr(api, method)(url(agent, action), body)

    assert response.status_code == 404
    assert response.data["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        ("get", "", None),
        ("put", "", {"name": "New"}),
        ("patch", "", {"name": "New"}),
        ("delete", "", None),
        ("get", "versions/", None),
        ("post", "rollback/", {"version": 1}),
        ("post", "restore/", None),
        ("post", "duplicate/", None),
    ],
)
def test_an_agent_of_another_user_returns_404(
    stranger_api: APIClient, alice: User, method: str, action: str, body: Any
) -> None:
    agent = AgentFactory.create(owner=alice)
    before = list(Agent.objects.values())

    response = getattr(stranger_api, method)(url(agent, action), body)

    assert response.status_code == 404
    assert response.data["code"] == "not_found"
    assert list(Agent.objects.values()) == before


class TestTokens:
    def test_the_scopes_read_and_write_suffice_for_their_actions(
        self, alice: User
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        reader, writer = with_scopes(alice, "read"), with_scopes(alice, "write")

        assert reader.get(url(agent)).status_code == 200
        assert reader.get(url(agent, "versions/")).status_code == 200
        assert writer.patch(url(agent), {"name": "New"}).status_code == 200
        assert writer.post(url(agent, "duplicate/")).status_code == 201

    @pytest.mark.parametrize(
        ("method", "action"),
        [("patch", ""), ("delete", ""), ("post", "duplicate/"), ("post", "restore/")],
    )
    def test_cannot_change_agents_without_write(
        self, alice: User, method: str, action: str
    ) -> None:
        agent = AgentFactory.create(owner=alice)
        client = with_scopes(alice, "read", "run")

        response = getattr(client, method)(url(agent, action))

        assert response.status_code == 403
        assert response.data["code"] == "insufficient_scope"

    def test_cannot_read_agents_without_read(self, alice: User) -> None:
        assert with_scopes(alice, "run", "write").get(AGENTS).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_anonymous_requests_return_401(
    anonymous_api: APIClient, db: None, method: str
) -> None:
    response = getattr(anonymous_api, method)(AGENTS)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
