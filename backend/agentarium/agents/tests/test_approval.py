"""Which tools ask before a call: by default, by choice, and after changes."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.clients import with_scopes
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tools.catalogue import CallableAgent
from agentarium.tools.guarded_http import GuardedHttp
from agentarium.tools.models import HttpTool, ProtectionChange
from agentarium.tools.tests.factories import (
    SEARCH,
    SEND,
    HttpToolFactory,
    McpServerFactory,
)
from agentarium.tools.toolset import open_tools

AGENTS = "/api/agents/"
HTTP_TOOLS = "/api/http-tools/"

pytestmark = pytest.mark.django_db


def no_agents(_: Collection[int]) -> Mapping[int, CallableAgent]:
    return {}


def asking(owner: User, agent_id: int) -> list[str]:
    """The tools that ask before a call in new tasks of an agent."""
    version = Agent.objects.get(pk=agent_id).versions.latest("number")
    opened = open_tools(
        owner.pk, version.tools, http=GuardedHttp(), find_agents=no_agents
    )
    return [spec.name for spec in opened.specs.values() if spec.needs_approval]


def create(api: APIClient, *tools: dict[str, Any]) -> Any:
    response = api.post(AGENTS, {"name": "Agent", "tools": tools})
    assert response.status_code == 201, response.data
    return response.data


def changes_of(api: APIClient, agent_id: int) -> list[tuple[int, str, str]]:
    """(version, tool, who) of each version that switched an approval off."""
    versions = api.get(f"{AGENTS}{agent_id}/versions/").data["results"]
    return [
        (version["number"], change["tool"], change["by_name"])
        for version in versions
        for change in version["protection_changes"]
    ]


class TestDefaults:
    @pytest.mark.parametrize(
        ("effect", "of_tool", "of_entry", "asks"),
        [
            ("write", None, None, True),
            ("write", None, False, False),
            ("write", None, True, True),
            ("write", False, None, False),
            ("write", False, True, True),
            ("write", True, False, False),
            ("idempotent", None, None, False),
            ("idempotent", True, None, True),
            ("read", None, None, False),
            ("read", None, True, True),
            ("read", True, False, False),
        ],
    )
    def test_an_http_tool_asks_by_entry_then_tool_then_effect(
        self,
        *,
        api: APIClient,
        alice: User,
        effect: str,
        of_tool: bool | None,
        of_entry: bool | None,
        asks: bool,
    ) -> None:
        tool = HttpToolFactory.create(
            owner=alice, name="do", effect=effect, needs_approval=of_tool
        )

        agent = create(api, {"type": "http", "id": tool.pk, "needs_approval": of_entry})

        assert asking(alice, agent["id"]) == (["do"] if asks else [])
        listed = api.get(f"{AGENTS}{agent['id']}/tools/").data
        assert [dict(row) for row in listed] == [
            {"name": "do", "type": "http", "effect": effect, "needs_approval": asks}
        ]

    def test_tools_of_an_mcp_server_ask_unless_the_entry_says_that_they_read(
        self, api: APIClient, alice: User
    ) -> None:
        server = McpServerFactory.create(owner=alice)
        entry = {"type": "mcp", "server": server.pk}
        reads = {**entry, "names": ["search"], "effect": "read"}

        agent = create(api, entry)
        trusting = create(api, reads, {**entry, "names": ["send.mail"]})

        assert asking(alice, agent["id"]) == ["search", "send_mail"]
        assert agent["tools"] == [{**entry, "ask_before": ["search", "send.mail"]}]
        assert asking(alice, trusting["id"]) == ["send_mail"]

    def test_built_in_tools_do_not_ask(self, api: APIClient, alice: User) -> None:
        agent = create(
            api,
            *[
                {"type": "builtin", "name": name}
                for name in ("current_time", "calculator", "fetch_url", "ask_person")
            ],
        )

        assert asking(alice, agent["id"]) == []

    def test_a_new_http_tool_asks(self, api: APIClient, alice: User) -> None:
        body = {"name": "pay", "url_template": "https://api.example.com/"}

        tool = api.post(HTTP_TOOLS, body).data
        catalogue = api.get("/api/tools/").data["results"]

        assert (tool["needs_approval"], tool["needs_approval_effective"]) == (
            None,
            True,
        )
        assert [row["needs_approval"] for row in catalogue if row["name"] == "pay"] == [
            True
        ]


class TestLaterChanges:
    def test_a_tool_that_becomes_write_asks(self, api: APIClient, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do", effect="read")
        agent = create(api, {"type": "http", "id": tool.pk})

        api.patch(f"{HTTP_TOOLS}{tool.pk}/", {"effect": "write"})

        assert asking(alice, agent["id"]) == ["do"]

    @pytest.mark.parametrize(
        "change", [{"effect": "read"}, {"needs_approval": False}, {"name": "other"}]
    )
    def test_a_saved_agent_goes_on_asking(
        self, api: APIClient, alice: User, change: dict[str, Any]
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do")
        agent = create(api, {"type": "http", "id": tool.pk})

        api.patch(f"{HTTP_TOOLS}{tool.pk}/", change)

        assert asking(alice, agent["id"]) == [change.get("name", "do")]

    def test_a_server_cannot_switch_approval_off(
        self, api: APIClient, alice: User
    ) -> None:
        server = McpServerFactory.create(owner=alice)
        agent = create(api, {"type": "mcp", "server": server.pk})

        server.tools = [SEARCH, {**SEND, "effect": "read"}]
        server.save()

        assert asking(alice, agent["id"]) == ["search", "send_mail"]

    def test_reading_and_saving_an_agent_keeps_what_asks(
        self, api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do")
        agent = create(api, {"type": "http", "id": tool.pk})
        api.patch(f"{HTTP_TOOLS}{tool.pk}/", {"effect": "read"})

        kept = api.patch(f"{AGENTS}{agent['id']}/", {"tools": agent["tools"]})

        assert asking(alice, agent["id"]) == ["do"]
        assert kept.data["version"] == 1

    def test_a_copy_and_a_rollback_keep_what_asks(
        self, api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do")
        agent = create(api, {"type": "http", "id": tool.pk})
        path = f"{AGENTS}{agent['id']}/"
        api.patch(path, {"tools": []})
        api.patch(f"{HTTP_TOOLS}{tool.pk}/", {"effect": "read"})

        api.post(f"{path}rollback/", {"version": 1})
        copy = api.post(f"{path}duplicate/").data

        assert asking(alice, agent["id"]) == asking(alice, copy["id"]) == ["do"]


class TestRecord:
    def test_the_history_says_who_switched_an_approval_off(
        self, api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do")
        agent = create(api, {"type": "http", "id": tool.pk})
        path = f"{AGENTS}{agent['id']}/"
        off = {"type": "http", "id": tool.pk, "needs_approval": False}

        api.patch(path, {"tools": [off]})
        api.patch(path, {"instructions": "New."})

        assert changes_of(api, agent["id"]) == [(2, "do", "alice")]
        assert asking(alice, agent["id"]) == []

    @pytest.mark.parametrize(
        "entry",
        [{"needs_approval": False}, {"effect": "read"}, {"effect": "idempotent"}],
    )
    def test_records_a_tool_that_is_added_without_its_approval(
        self, api: APIClient, alice: User, entry: dict[str, Any]
    ) -> None:
        server = McpServerFactory.create(owner=alice)

        agent = create(api, {"type": "mcp", "server": server.pk, **entry})

        assert sorted(changes_of(api, agent["id"])) == [
            (1, "search", "alice"),
            (1, "send_mail", "alice"),
        ]

    def test_records_nothing_else(self, api: APIClient, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do")
        reader = HttpToolFactory.create(owner=alice, name="look", effect="read")
        on = {"type": "http", "id": tool.pk, "needs_approval": True}
        agent = create(api, on, {"type": "http", "id": reader.pk})
        path = f"{AGENTS}{agent['id']}/"

        api.patch(path, {"tools": [{"type": "http", "id": tool.pk}]})
        api.patch(path, {"tools": []})
        api.patch(path, {"tools": [on]})

        assert changes_of(api, agent["id"]) == []
        assert not ProtectionChange.objects.exists()

    def test_names_the_token_of_a_program(self, alice: User) -> None:
        client = with_scopes(alice, "read", "write")
        tool = HttpToolFactory.create(owner=alice, name="do")

        client.patch(f"{HTTP_TOOLS}{tool.pk}/", {"needs_approval": False})

        (change,) = client.get(f"{HTTP_TOOLS}{tool.pk}/changes/").data["results"]
        assert (change["change"], change["by_name"]) == ("approval_off", "alice")
        assert change["via"] == "api_token"
        assert change["token"].startswith("agt_")
        assert change["token"].endswith("(script)")

    @pytest.mark.parametrize(
        ("before", "change", "recorded"),
        [
            ({}, {"needs_approval": False}, ["approval_off"]),
            ({}, {"effect": "read"}, ["effect_lowered", "approval_off"]),
            ({"needs_approval": True}, {"effect": "idempotent"}, ["effect_lowered"]),
            (
                {"needs_approval": True, "effect": "read"},
                {"needs_approval": None},
                None,
            ),
            ({"needs_approval": False}, {"needs_approval": None}, []),
            ({"effect": "read"}, {"effect": "write"}, []),
            ({}, {"description": "New."}, []),
        ],
    )
    def test_records_changes_of_a_tool(
        self,
        api: APIClient,
        alice: User,
        before: dict[str, Any],
        change: dict[str, Any],
        recorded: list[str] | None,
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, **before)

        api.patch(f"{HTTP_TOOLS}{tool.pk}/", change)

        rows = api.get(f"{HTTP_TOOLS}{tool.pk}/changes/").data["results"]
        expected = ["approval_off"] if recorded is None else recorded
        assert [row["change"] for row in rows] == expected

    def test_records_a_tool_that_is_declared_without_approval(
        self, api: APIClient
    ) -> None:
        body = {
            "name": "pay",
            "url_template": "https://api.example.com/",
            "needs_approval": False,
        }

        tool = api.post(HTTP_TOOLS, body).data

        rows = api.get(f"{HTTP_TOOLS}{tool['id']}/changes/").data["results"]
        assert [row["change"] for row in rows] == ["approval_off"]

    def test_outlives_the_tool(self, api: APIClient, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="do")
        api.patch(f"{HTTP_TOOLS}{tool.pk}/", {"needs_approval": False})

        api.delete(f"{HTTP_TOOLS}{tool.pk}/")

        assert not HttpTool.objects.exists()
        rows = ProtectionChange.objects.order_by("pk").values_list("tool", "change")
        assert list(rows) == [("do", "approval_off"), ("do", "removed")]

    def test_is_hidden_from_strangers(
        self, stranger_api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)

        assert stranger_api.get(f"{HTTP_TOOLS}{tool.pk}/changes/").status_code == 404
        agent = AgentFactory.create(owner=alice)
        assert stranger_api.get(f"{AGENTS}{agent.pk}/tools/").status_code == 404


def test_switching_off_needs_the_scope_write(alice: User) -> None:
    tool = HttpToolFactory.create(owner=alice)
    client = with_scopes(alice, "read", "run", "approve")

    response = client.patch(f"{HTTP_TOOLS}{tool.pk}/", {"needs_approval": False})

    assert response.status_code == 403
    assert HttpTool.objects.get().needs_approval is None
