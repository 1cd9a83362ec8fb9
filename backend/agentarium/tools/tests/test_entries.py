"""An agent's list of tools: validating it, and opening the tools."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from agentarium.accounts.models import User
from agentarium.core.encryption import Sealed
from agentarium.core.exceptions import InvalidInputError
from agentarium.runtime.tools.base import ToolError, ToolInvocation
from agentarium.runtime.tools.web import FETCH_URL
from agentarium.tools.catalogue import CallableAgent
from agentarium.tools.entries import check_tools
from agentarium.tools.guarded_http import GuardedHttp
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.tests.factories import SEARCH, HttpToolFactory, McpServerFactory
from agentarium.tools.toolset import Toolset, open_tools

pytestmark = pytest.mark.django_db

AGENTS = {5: CallableAgent("Café Poet!", "Writes poems.")}


def find_agents(ids: Collection[int]) -> Mapping[int, CallableAgent]:
    return {pk: AGENTS[pk] for pk in ids if pk in AGENTS}


def check(owner: User, *entries: Any) -> list[dict[str, Any]]:
    return check_tools(owner.pk, list(entries), find_agents=find_agents)


def codes(owner: User, *entries: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        check(owner, *entries)
    assert caught.value.errors is not None
    assert set(caught.value.errors) == {"tools"}
    return [error.code for error in caught.value.errors["tools"]]


def open_all(owner: User, *entries: Any) -> Toolset:
    return open_tools(owner.pk, entries, http=GuardedHttp(), find_agents=find_agents)


class TestCheck:
    def test_accepts_all_types_in_their_order(self, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice)
        server = McpServerFactory.create(owner=alice)
        entries = [
            {"type": "agent", "agent": 5, "name": "poet", "description": "d"},
            {
                "type": "builtin",
                "name": "fetch_url",
                "timeout": 20,
                "allowed_hosts": ["docs.example.com", "*.example.org:8443"],
            },
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

    def test_omits_null_options(self, alice: User) -> None:
        server = McpServerFactory.create(owner=alice)
        entry = {"type": "mcp", "server": server.pk, "names": None, "prefix": None}

        assert check(alice, entry) == [
            {"type": "mcp", "server": server.pk, "ask_before": ["search", "send.mail"]}
        ]

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
    def test_has_the_code_of_the_error(
        self, alice: User, entry: Any, code: str
    ) -> None:
        assert codes(alice, entry) == [code]

    @pytest.mark.parametrize(
        ("hosts", "code"),
        [
            ("docs.example.com", "invalid"),
            ([1], "invalid"),
            (["a.example"] * 101, "invalid"),
            ([""], "invalid_host"),
            (["https://docs.example.com"], "invalid_host"),
            (["docs.example.com/guide"], "invalid_host"),
            (["docs.example.com", "*"], "invalid_host"),
        ],
    )
    def test_checks_the_allowed_hosts(self, alice: User, hosts: Any, code: str) -> None:
        entry = {"type": "builtin", "name": "fetch_url", "allowed_hosts": hosts}

        assert codes(alice, entry) == [code]

    def test_only_tools_that_reach_hosts_have_a_list_of_them(self, alice: User) -> None:
        entry = {"type": "builtin", "name": "calculator", "allowed_hosts": []}

        assert codes(alice, entry) == ["unknown_option"]

    def test_reports_all_errors(self, alice: User) -> None:
        assert codes(
            alice, {"type": "http", "id": 1}, {"type": "agent", "agent": 9}
        ) == [
            "does_not_exist",
            "does_not_exist",
        ]

    def test_rejects_a_list_that_is_too_long(self, alice: User) -> None:
        many = [{"type": "builtin", "name": "calculator"}] * 51

        assert codes(alice, *many) == ["invalid"]

    def test_rejects_rows_of_other_owners(self, alice: User) -> None:
        tool = HttpToolFactory.create()
        server = McpServerFactory.create()

        assert codes(alice, {"type": "http", "id": tool.pk}) == ["does_not_exist"]
        assert codes(alice, {"type": "mcp", "server": server.pk}) == ["does_not_exist"]

    def test_accepts_the_operators_servers(
        self, alice: User, settings: Settings
    ) -> None:
        settings.MCP_STDIO = {"files": {"command": "serve", "open_to": "all"}}
        server = McpServerFactory.create(owner=None, name="files")
        entry = {"type": "mcp", "server": server.pk}

        check(alice, entry)

        assert codes(alice, entry, {"type": "mcp", "server": server.pk + 1}) == [
            "does_not_exist"
        ]

    def test_rejects_a_tool_that_a_server_does_not_have(self, alice: User) -> None:
        server = McpServerFactory.create(owner=alice)
        entry = {"type": "mcp", "server": server.pk, "names": ["nope"]}

        assert codes(alice, entry) == ["does_not_exist"]

    def test_rejects_two_tools_with_one_name(self, alice: User) -> None:
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

    def test_takes_tools_of_a_server_whose_names_differ_only_for_the_server(
        self, alice: User
    ) -> None:
        names = ["look.up", "look_up", "x" * 100 + "1", "x" * 100 + "2"]
        server = McpServerFactory.create(
            owner=alice, tools=[{**SEARCH, "name": name} for name in names]
        )
        entry = {"type": "mcp", "server": server.pk}

        all_of_them = open_all(alice, *check(alice, entry)).specs
        selected = check(alice, {**entry, "names": ["look.up"]})

        assert len(all_of_them) == 4
        assert open_all(alice, *selected).specs.keys() < all_of_them.keys()

    def test_rejects_more_tools_than_models_take(self, alice: User) -> None:
        names = [f"tool-{number}" for number in range(100)]
        server = McpServerFactory.create(
            owner=alice, tools=[{**SEARCH, "name": name} for name in names]
        )
        entries = [
            {"type": "mcp", "server": server.pk, "prefix": f"p{number // 2}_"}
            for number in range(4)
        ]

        assert codes(alice, *entries[::2]) == ["too_many"]
        assert codes(alice, *entries) == ["duplicate"] * 128 + ["too_many"]

    def test_makes_one_query_for_each_type(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tools = HttpToolFactory.create_batch(3, owner=alice)
        server = McpServerFactory.create(owner=alice)
        entries = [{"type": "http", "id": tool.pk} for tool in tools]

        # 1. HTTP tools 2. MCP servers
        with django_assert_num_queries(2):
            check(alice, *entries, {"type": "mcp", "server": server.pk})


class TestOpen:
    def test_opens_the_listed_tools(self, alice: User) -> None:
        tool = HttpToolFactory.create(
            owner=alice, name="pay", effect="idempotent", timeout=7, needs_approval=True
        )
        server = McpServerFactory.create(owner=alice, timeout=9)

        toolset = open_all(
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

    def test_the_entry_overrides_whether_a_tool_needs_approval(
        self, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice, name="a", needs_approval=True)
        entry = {"type": "http", "id": tool.pk, "needs_approval": False}

        assert not open_all(alice, entry).specs["a"].needs_approval

    def test_skips_tools_that_no_longer_exist(
        self, alice: User, stranger: User
    ) -> None:
        foreign = HttpToolFactory.create(owner=stranger)
        server = McpServerFactory.create(owner=alice, tools=[])

        toolset = open_all(
            alice,
            {"type": "http", "id": foreign.pk},
            {"type": "mcp", "server": 999},
            {"type": "mcp", "server": server.pk, "names": ["search"]},
            {"type": "agent", "agent": 6},
            {"type": "builtin", "name": "calculator"},
        )

        assert list(toolset.specs) == ["calculator"]
        assert len(toolset.missing) == 4

    def test_restricts_a_tool_to_its_allowed_hosts(self, alice: User) -> None:
        entry = {"type": "builtin", "name": "fetch_url", "allowed_hosts": ["a.example"]}
        invocation = ToolInvocation("call_1", {"url": "https://b.example/"}, "key")

        toolset = open_all(alice, entry)

        assert "It reaches only: a.example." in toolset.specs["fetch_url"].description
        with pytest.raises(ToolError, match="not on the list of allowed hosts"):
            asyncio.run(toolset.tools["fetch_url"].call(invocation))

    @pytest.mark.parametrize("hosts", [None, []])
    def test_an_empty_list_of_hosts_allows_all(self, alice: User, hosts: Any) -> None:
        entry = {"type": "builtin", "name": "fetch_url", "allowed_hosts": hosts}

        assert open_all(alice, entry).specs["fetch_url"] == FETCH_URL

    def test_skips_a_tool_with_a_list_of_hosts_that_cannot_be_read(
        self, alice: User
    ) -> None:
        entry = {"type": "builtin", "name": "fetch_url", "allowed_hosts": ["*"]}

        toolset = open_all(alice, entry)

        assert not toolset.specs
        assert len(toolset.missing) == 1

    def test_skips_tools_whose_secrets_cannot_be_decrypted(
        self, alice: User, settings: Settings
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)
        settings.SECRET_KEY = "another"

        toolset = open_all(alice, {"type": "http", "id": tool.pk})

        assert not toolset.specs
        assert len(toolset.missing) == 1

    def test_keeps_the_first_of_two_tools_with_one_name(self, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="calculator")

        toolset = open_all(
            alice,
            {"type": "builtin", "name": "calculator"},
            {"type": "http", "id": tool.pk},
        )

        assert toolset.specs["calculator"].effect == "read"
        assert len(toolset.missing) == 1

    def test_makes_one_query_for_each_type(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        tools = HttpToolFactory.create_batch(3, owner=alice)
        server = McpServerFactory.create(owner=alice)
        entries = [{"type": "http", "id": tool.pk} for tool in tools]

        # 1. HTTP tools 2. MCP servers
        with django_assert_num_queries(2):
            open_all(alice, *entries, {"type": "mcp", "server": server.pk})

    def test_makes_no_query_for_an_agent_without_tools(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            open_all(alice)

    def test_starts_an_operators_server_with_its_settings(
        self, alice: User, settings: Settings
    ) -> None:
        server = McpServerFactory.create(owner=None, name="files", url="", headers={})
        entry = {"type": "mcp", "server": server.pk}
        program = {"command": "serve", "args": ["/srv"], "open_to": "all"}
        settings.MCP_STDIO = {"files": program}

        assert "search" in open_all(alice, entry).specs
        settings.MCP_STDIO = {}
        User.objects.update(is_staff=True)
        assert len(open_all(alice, entry).missing) == 1


class TestSecrets:
    def test_are_stored_encrypted(self, alice: User) -> None:
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
