"""The list of available tools, in pages."""

from itertools import chain
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.runtime.tools.schema import ArgumentsSchema
from agentarium.tools.tests.factories import HttpToolFactory, McpServerFactory

CATALOGUE = "/api/tools/"
BUILTINS = ["current_time", "calculator", "fetch_url", "ask_person"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def programs(settings: Settings) -> None:
    """The operator's programs that these tests have rows of, open to all users."""
    program = {"command": "serve", "open_to": "all"}
    settings.MCP_STDIO = {"files": program, "z": program}


def names(response: Any) -> list[str]:
    assert response.status_code == 200
    return [row["name"] for row in response.data["results"]]


def mcp_tools(*tool_names: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "description": f"Does {name}.",
            "parameters": {"type": "object", "title": "x" * 10_000},
            "effect": "read",
        }
        for name in tool_names
    ]


class TestList:
    def test_shows_the_available_tools(self, api: APIClient, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice, name="pay")
        server = McpServerFactory.create(owner=alice, name="web")
        common = McpServerFactory.create(owner=None, name="files")
        HttpToolFactory.create()
        McpServerFactory.create()

        response = api.get(CATALOGUE)

        rows = response.data["results"]
        assert response.data["count"] == 9
        assert response.data["next"] is None
        assert [(row["source"], row["name"]) for row in rows] == [
            *(("built in", name) for name in BUILTINS),
            ("http", "pay"),
            ("files", "search"),
            ("files", "send.mail"),
            ("web", "search"),
            ("web", "send.mail"),
        ]
        assert rows[1]["reference"] == {"type": "builtin", "name": "calculator"}
        assert rows[4]["reference"] == {"type": "http", "id": tool.pk}
        assert rows[5] == {
            "id": f"mcp:{common.pk}:search",
            "kind": "mcp",
            "reference": {"type": "mcp", "server": common.pk, "names": ["search"]},
            "source": "files",
            "server": common.pk,
            "name": "search",
            "description": "Search the web.",
            "effect": "write",
            "suggested_effect": "read",
            "needs_approval": True,
        }
        assert rows[7]["reference"]["server"] == server.pk

    def test_says_which_tools_ask_by_default(self, api: APIClient, alice: User) -> None:
        HttpToolFactory.create(owner=alice, name="a", effect="write")
        HttpToolFactory.create(owner=alice, name="b", effect="read")
        HttpToolFactory.create(
            owner=alice, name="c", effect="write", needs_approval=False
        )
        McpServerFactory.create(owner=alice)

        rows = api.get(CATALOGUE).data["results"]

        assert {row["name"] for row in rows if row["needs_approval"]} == {
            "a",
            "search",
            "send.mail",
        }

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
    def test_pages_meet_without_a_gap_in_both_directions(
        self, api: APIClient, alice: User, limit: int
    ) -> None:
        for name in ("b", "B", "a", "_", "c"):
            HttpToolFactory.create(owner=alice, name=name)
        McpServerFactory.create(owner=alice, name="z", tools=mcp_tools("z", "y", "x"))
        McpServerFactory.create(owner=None, name="z", tools=mcp_tools("w"))
        McpServerFactory.create(owner=alice, name="empty", tools=[])
        all_ids = [row["id"] for row in api.get(CATALOGUE).data["results"]]

        forward, links = [], [f"{CATALOGUE}?limit={limit}"]
        while links[-1]:
            response = api.get(links[-1])
            assert response.data["count"] == len(all_ids) == 13
            forward.append([row["id"] for row in response.data["results"]])
            links.append(response.data["next"])
        backward, link = [forward[-1]], response.data["previous"]
        while link:
            response = api.get(link)
            backward.append([row["id"] for row in response.data["results"]])
            link = response.data["previous"]

        assert [*chain(*forward)] == all_ids
        assert backward[::-1] == forward

    def test_leaves_the_schemas_out(self, api: APIClient, alice: User) -> None:
        HttpToolFactory.create(
            owner=alice, parameters={"type": "object", "title": "x" * 10_000}
        )
        McpServerFactory.create(owner=alice, tools=mcp_tools("a", "b"))

        response = api.get(CATALOGUE)

        assert len(response.content) < 5_000
        assert "parameters" not in response.data["results"][-1]

    def test_has_an_offset(self, api: APIClient, alice: User) -> None:
        HttpToolFactory.create(owner=alice, name="pay")
        McpServerFactory.create(owner=alice, tools=mcp_tools("a", "b", "c"))

        response = api.get(CATALOGUE, {"offset": 3, "limit": 3})

        assert names(response) == ["ask_person", "pay", "a"]

    def test_costs_the_same_queries_for_any_number(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        HttpToolFactory.create_batch(30, owner=alice)
        McpServerFactory.create_batch(30, owner=alice)

        # 1. HTTP tools 2. their number 3. the number of MCP tools
        with django_assert_num_queries(3):
            first = api.get(CATALOGUE)
        # 1. HTTP tools 2. MCP tools 3. and 4. their numbers
        with django_assert_num_queries(4):
            second = api.get(first.data["next"])

        assert second.data["count"] == 4 + 30 + 60

    def test_a_short_list_costs_two_queries(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        HttpToolFactory.create_batch(3, owner=alice)
        McpServerFactory.create_batch(3, owner=alice)

        # 1. HTTP tools 2. MCP tools
        with django_assert_num_queries(2):
            api.get(CATALOGUE)

    def test_counts_up_to_ten_thousand(self, api: APIClient, alice: User) -> None:
        many = mcp_tools(*(f"tool_{number}" for number in range(200)))
        for each in many:
            each["parameters"] = {}
        McpServerFactory.create_batch(51, owner=alice, tools=many)

        response = api.get(CATALOGUE)

        assert response.data["count"] == 10_000
        assert response.data["count_is_exact"] is False

    def test_is_read_only_and_requires_authentication(
        self, api: APIClient, anonymous_api: APIClient
    ) -> None:
        assert api.post(CATALOGUE, {}).status_code == 405
        assert anonymous_api.get(CATALOGUE).status_code == 401


class TestSelection:
    @pytest.fixture(autouse=True)
    def rows(self, alice: User) -> dict[str, int]:
        tool = HttpToolFactory.create(owner=alice, name="pay_bill", description="50%")
        web = McpServerFactory.create(owner=alice, name="web")
        files = McpServerFactory.create(
            owner=None, name="files", tools=mcp_tools("read/file", "Write_File")
        )
        McpServerFactory.create(name="foreign", tools=mcp_tools("read/file"))
        return {"http": tool.pk, "web": web.pk, "files": files.pk}

    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            ("CALC", ["calculator"]),
            ("web", ["fetch_url", "search", "send.mail"]),
            ("web mail", ["send.mail"]),
            ("write_file", ["Write_File"]),
            ("e_f", ["Write_File"]),
            ("50%", ["pay_bill"]),
            ("!", []),
            ("files read", ["read/file"]),
            ('"does read"', ["read/file"]),
            ("nothing has this", []),
        ],
    )
    def test_searches_names_descriptions_and_servers(
        self, api: APIClient, search: str, expected: list[str]
    ) -> None:
        response = api.get(CATALOGUE, {"search": search})

        assert names(response) == expected
        assert response.data["count"] == len(expected)

    def test_filters_by_kind_and_server(
        self, api: APIClient, rows: dict[str, int]
    ) -> None:
        assert names(api.get(CATALOGUE, {"kind": "builtin"})) == BUILTINS
        assert names(api.get(CATALOGUE, {"kind": "http"})) == ["pay_bill"]
        assert len(names(api.get(CATALOGUE, {"kind": "mcp"}))) == 4
        web = api.get(CATALOGUE, {"server": rows["web"]})
        assert names(web) == ["search", "send.mail"]
        neither = api.get(f"{CATALOGUE}?kind=http&server={rows['web']}")
        assert names(neither) == []

    def test_filters_by_id(self, api: APIClient, rows: dict[str, int]) -> None:
        ids: list[str] = [
            "builtin:calculator",
            f"http:{rows['http']}",
            f"mcp:{rows['files']}:read/file",
            f"mcp:{rows['web']}:read/file",
            "http:12345",
            "nonsense",
            "http:x",
            f"http:{'9' * 30}",
        ]

        response = api.get(CATALOGUE, {"id": ids})

        assert names(response) == ["calculator", "pay_bill", "read/file"]
        assert names(api.get(CATALOGUE, {"id": ["nonsense"]})) == []

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"kind": "agent"}, "kind"),
            ({"server": "x"}, "server"),
            ({"server": 2**63}, "server"),
            ({"server": 2**40}, "server"),
            ({"search": "x" * 201}, "search"),
            ({"search": "\0"}, "search"),
            ({"id": ["x"] * 101}, "id"),
            ({"limit": 101}, "limit"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_names_the_invalid_parameter(
        self, api: APIClient, query: dict[str, Any], field: str
    ) -> None:
        response = api.get(CATALOGUE, query)

        assert response.status_code == 400
        assert field in response.data["errors"]


class TestDetail:
    def test_shows_the_schema_of_each_tool(self, api: APIClient, alice: User) -> None:
        HttpToolFactory.create(owner=alice)
        McpServerFactory.create(owner=alice, tools=mcp_tools("a b/c:d", "search"))
        ids = [row["id"] for row in api.get(CATALOGUE).data["results"]]

        tools = [api.get(f"{CATALOGUE}{tool_id}/").data for tool_id in ids]

        assert [tool["id"] for tool in tools] == ids
        assert all(ArgumentsSchema(tool["parameters"]) for tool in tools)
        assert tools[-1]["parameters"]["title"] == "x" * 10_000

    def test_is_hidden_from_strangers(
        self, api: APIClient, stranger_api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)
        server = McpServerFactory.create(owner=alice)

        for tool_id in (f"http:{tool.pk}", f"mcp:{server.pk}:search"):
            assert api.get(f"{CATALOGUE}{tool_id}/").status_code == 200
            response = stranger_api.get(f"{CATALOGUE}{tool_id}/")
            assert response.status_code == 404
            assert response.data["code"] == "not_found"

    @pytest.mark.parametrize(
        "tool_id", ["nonsense", "http:0", "http:x", "builtin:x", "mcp:1:x", "agent:1"]
    )
    def test_is_not_found_if_there_is_none(self, api: APIClient, tool_id: str) -> None:
        assert api.get(f"{CATALOGUE}{tool_id}/").status_code == 404
