"""An agent's list of tools: what may stand in it, and what opens from it."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from agentarium.accounts.models import User
from agentarium.core.encryption import Sealed
from agentarium.core.exceptions import InvalidInputError
from agentarium.tools.catalogue import CallableAgent
from agentarium.tools.entries import check_tools
from agentarium.tools.guarded_http import GuardedHttp
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.tests.factories import HttpToolFactory, McpServerFactory
from agentarium.tools.toolset import Toolset, open_tools

pytestmark = pytest.mark.django_db

AGENTS = {5: CallableAgent("Café Poet!", "Writes poems.")}


def find_agents(ids: Collection[int]) -> Mapping[int, CallableAgent]:
    return {pk: AGENTS[pk] for pk in ids if pk in AGENTS}


def check(owner: User, *entries: Any) -> list[dict[str, Any]]:
    return check_tools(owner.pk, list(entries), find_agents=find_agents)


def codes(owner: User, *entries: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        check(owner, *entries)
    assert refused.value.errors is not None
    assert set(refused.value.errors) == {"tools"}
    return [error.code for error in refused.value.errors["tools"]]


def opened(owner: User, *entries: Any) -> Toolset:
    return open_tools(owner.pk, entries, http=GuardedHttp(), find_agents=find_agents)


class TestCheck:
    def test_takes_all_kinds_in_their_order(self, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice)
        server = McpServerFactory.create(owner=alice)
        entries = [
            {"type": "agent", "agent": 5, "name": "poet", "description": "d"},
            {"type": "builtin", "name": "fetch_url", "timeout": 20},
            {"type": "builtin", "name": "ask_person"},
            {"type": "http", "id": tool.pk, "needs_approval": True},
            {
                "type": "mcp",
                "server": server.pk,
                "names": ["search"],
                "prefix": "web_",
                "effect": "read",
            },
        ]

        assert check(alice, *entries) == entries

    def test_leaves_out_what_is_null(self, alice: User) -> None:
        server = McpServerFactory.create(owner=alice)
        entry = {"type": "mcp", "server": server.pk, "names": None, "prefix": None}

        assert check(alice, entry) == [{"type": "mcp", "server": server.pk}]

    @pytest.mark.parametrize(
        ("entry", "code"),
        [
            ("calculator", "invalid"),
            (None, "invalid"),
            ({}, "invalid_choice"),
            ({"type": "shell"}, "invalid_choice"),
            ({"type": ["builtin"]}, "invalid_choice"),
            ({"type": "builtin"}, "required"),
            ({"type": "builtin", "name": "shell"}, "invalid"),
            ({"type": "builtin", "name": ["calculator"]}, "invalid"),
            ({"type": "builtin", "name": "calculator", "id": 1}, "unknown_option"),
            (
                {"type": "builtin", "name": "calculator", "timeout": 0},
                "invalid",
            ),
            ({"type": "builtin", "name": "calculator", "timeout": True}, "invalid"),
            (
                {"type": "builtin", "name": "calculator", "needs_approval": 1},
                "invalid",
            ),
            ({"type": "http"}, "required"),
            ({"type": "http", "id": "1"}, "invalid"),
            ({"type": "http", "id": -1}, "invalid"),
            ({"type": "http", "id": 2**70}, "invalid"),
            ({"type": "http", "id": 999}, "does_not_exist"),
            ({"type": "mcp", "server": 999}, "does_not_exist"),
            ({"type": "mcp", "server": 1, "names": []}, "invalid"),
            ({"type": "mcp", "server": 1, "names": "search"}, "invalid"),
            ({"type": "mcp", "server": 1, "names": ["a", "a"]}, "invalid"),
            ({"type": "mcp", "server": 1, "effect": "none"}, "invalid"),
            ({"type": "mcp", "server": 1, "effect": ["read"]}, "invalid"),
            ({"type": "mcp", "server": 1, "prefix": "a b"}, "invalid"),
            ({"type": "agent", "agent": 6}, "does_not_exist"),
            ({"type": "agent", "agent": 5, "name": "a b"}, "invalid"),
            ({"type": "agent", "agent": 5, "name": "a\n"}, "invalid"),
        ],
    )
    def test_names_what_is_wrong(self, alice: User, entry: Any, code: str) -> None:
        assert codes(alice, entry) == [code]

    def test_names_everything_that_is_wrong(self, alice: User) -> None:
        assert codes(
            alice, {"type": "http", "id": 1}, {"type": "agent", "agent": 9}
        ) == [
            "does_not_exist",
            "does_not_exist",
        ]

    def test_a_list_is_needed_and_not_too_long(self, alice: User) -> None:
        many = [{"type": "builtin", "name": "calculator"}] * 51

        assert codes(alice, *many) == ["invalid"]

    def test_hides_what_belongs_to_others(self, alice: User) -> None:
        tool = HttpToolFactory.create()
        server = McpServerFactory.create()

        assert codes(alice, {"type": "http", "id": tool.pk}) == ["does_not_exist"]
        assert codes(alice, {"type": "mcp", "server": server.pk}) == ["does_not_exist"]

    def test_lets_everyone_use_the_operators_servers(self, alice: User) -> None:
        server = McpServerFactory.create(owner=None)
        entry = {"type": "mcp", "server": server.pk}

        check(alice, entry)

        assert codes(alice, entry, {"type": "mcp", "server": server.pk + 1}) == [
            "does_not_exist"
        ]

    def test_refuses_a_tool_that_a_server_does_not_have(self, alice: User) -> None:
        server = McpServerFactory.create(owner=alice)
        entry = {"type": "mcp", "server": server.pk, "names": ["nope"]}

        assert codes(alice, entry) == ["does_not_exist"]

    def test_refuses_two_tools_of_one_name(self, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="calculator")
        server = McpServerFactory.create(owner=alice)
        other = HttpToolFactory.create(owner=alice, name="search")
        calculator = {"type": "builtin", "name": "calculator"}
        mcp = {"type": "mcp", "server": server.pk}

        assert codes(alice, calculator, calculator) == ["duplicate"]
        assert codes(alice, calculator, {"type": "http", "id": tool.pk}) == [
            "duplicate"
        ]
        assert codes(alice, mcp, {"type": "http", "id": other.pk}) == ["duplicate"]
        assert codes(alice, mcp, mcp) == ["duplicate", "duplicate"]
        check(alice, mcp, {**mcp, "prefix": "b_"})

    def test_asks_once_for_each_kind(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tools = HttpToolFactory.create_batch(3, owner=alice)
        server = McpServerFactory.create(owner=alice)
        entries = [{"type": "http", "id": tool.pk} for tool in tools]

        # 1. HTTP tools 2. MCP servers
        with django_assert_num_queries(2):
            check(alice, *entries, {"type": "mcp", "server": server.pk})


class TestOpen:
    def test_gives_what_the_list_says(self, alice: User) -> None:
        tool = HttpToolFactory.create(
            owner=alice, name="pay", effect="idempotent", timeout=7, needs_approval=True
        )
        server = McpServerFactory.create(owner=alice, timeout=9)

        toolset = opened(
            alice,
            {"type": "builtin", "name": "fetch_url", "timeout": 5},
            {"type": "builtin", "name": "ask_person"},
            {"type": "http", "id": tool.pk},
            {"type": "mcp", "server": server.pk, "prefix": "x_", "effect": "read"},
            {"type": "agent", "agent": 5, "needs_approval": True},
        )

        specs = toolset.specs
        assert list(specs) == [
            "fetch_url",
            "ask_person",
            "pay",
            "x_search",
            "x_send_mail",
            "ask_caf_poet",
        ]
        assert list(toolset.tools) == ["fetch_url", "pay", "x_search", "x_send_mail"]
        assert toolset.agents == {"ask_caf_poet": 5}
        assert toolset.missing == []
        assert specs["fetch_url"].timeout == 5
        assert (specs["pay"].effect, specs["pay"].timeout) == ("idempotent", 7)
        assert specs["pay"].needs_approval
        assert specs["x_send_mail"].effect == "read"
        assert specs["ask_caf_poet"].needs_approval
        assert specs["ask_caf_poet"].description == "Writes poems."
        assert toolset.tools["pay"].spec == specs["pay"]

    def test_an_agents_word_on_approval_comes_before_the_tools(
        self, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, name="a", needs_approval=True)
        entry = {"type": "http", "id": tool.pk, "needs_approval": False}

        assert not opened(alice, entry).specs["a"].needs_approval

    def test_goes_on_without_what_is_gone(self, alice: User, stranger: User) -> None:
        foreign = HttpToolFactory.create(owner=stranger)
        server = McpServerFactory.create(owner=alice, tools=[])

        toolset = opened(
            alice,
            {"type": "http", "id": foreign.pk},
            {"type": "mcp", "server": 999},
            {"type": "mcp", "server": server.pk, "names": ["search"]},
            {"type": "agent", "agent": 6},
            {"type": "builtin", "name": "calculator"},
        )

        assert list(toolset.specs) == ["calculator"]
        assert len(toolset.missing) == 4

    def test_goes_on_without_what_cannot_be_decrypted(
        self, alice: User, settings: Settings
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)
        settings.SECRET_KEY = "another"

        toolset = opened(alice, {"type": "http", "id": tool.pk})

        assert not toolset.specs
        assert len(toolset.missing) == 1

    def test_keeps_the_first_of_two_that_came_to_one_name(self, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="calculator")

        toolset = opened(
            alice,
            {"type": "builtin", "name": "calculator"},
            {"type": "http", "id": tool.pk},
        )

        assert toolset.specs["calculator"].effect == "read"
        assert len(toolset.missing) == 1

    def test_asks_once_for_each_kind(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tools = HttpToolFactory.create_batch(3, owner=alice)
        server = McpServerFactory.create(owner=alice)
        entries = [{"type": "http", "id": tool.pk} for tool in tools]

        # 1. HTTP tools 2. MCP servers
        with django_assert_num_queries(2):
            opened(alice, *entries, {"type": "mcp", "server": server.pk})

    def test_asks_nothing_for_an_agent_without_tools(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            opened(alice)

    def test_starts_an_operators_server_as_the_settings_say(
        self, alice: User, settings: Settings
    ) -> None:
        server = McpServerFactory.create(owner=None, name="files", url="", headers={})
        entry = {"type": "mcp", "server": server.pk}
        settings.MCP_STDIO = {"files": {"command": "serve", "args": ["/srv"]}}

        assert "search" in opened(alice, entry).specs
        settings.MCP_STDIO = {}
        assert len(opened(alice, entry).missing) == 1


class TestSecrets:
    def test_are_not_in_the_database_as_they_are(self, alice: User) -> None:
        tool = HttpToolFactory.create(
            owner=alice, headers={"X-Key": Sealed.of("very secret")}
        )

        stored = HttpTool.objects.filter(pk=tool.pk).values_list("headers", flat=True)
        loaded = HttpTool.objects.get(pk=tool.pk)

        assert "very secret" not in str(list(stored))
        assert loaded.headers["X-Key"].token.startswith("gAAAA")
        assert loaded.revealed_headers() == {"X-Key": "very secret"}

    def test_can_be_absent(self, alice: User) -> None:
        server = McpServerFactory.create(owner=alice, headers={})

        assert McpServer.objects.get(pk=server.pk).revealed_headers() == {}
