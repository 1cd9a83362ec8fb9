"""MCP servers of users and of the operator."""

import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.tools.models import McpServer
from agentarium.tools.tests.factories import McpServerFactory
from agentarium.tools.tests.serving import McpServing, Serving
from bench.fake_tools.scripted_mcp import LOOKUP, ScriptedMcpServer

MCP_SERVERS = "/api/mcp-servers/"
pytestmark = pytest.mark.django_db
SERVER: dict[str, Any] = {
    "name": "github",
    "description": "Repositories.",
    "url": "https://mcp.example.com/mcp",
    "headers": {"Authorization": "Bearer secret"},
    "timeout": 20,
}


def url(server: McpServer, action: str = "") -> str:
    return f"{MCP_SERVERS}{server.pk}/{action}"


class TestMcpServers:
    @pytest.fixture
    def serving(self, settings: Settings) -> Any:
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        with McpServing(token="secret") as serving:
            yield serving

    def test_can_be_registered(self, api: APIClient, alice: User) -> None:
        response = api.post(MCP_SERVERS, SERVER)

        assert response.status_code == 201
        server = McpServer.objects.get()
        assert server.owner == alice
        assert server.revealed_headers() == {"Authorization": "Bearer secret"}
        assert response.data["header_names"] == ["Authorization"]
        assert response.data["tools"] == []
        assert response.data["fetched_at"] is None
        assert "Bearer" not in json.dumps(response.json())

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"name": "a b"}, "name", "invalid_name"),
            ({"url": "nonsense"}, "url", "outbound_refused"),
            ({"url": "http://169.254.169.254/"}, "url", "outbound_refused"),
            ({"url": "http://[::1]/mcp"}, "url", "outbound_refused"),
            ({"url": ""}, "url", "blank"),
            ({"headers": {"Host": "x"}}, "headers.Host", "invalid"),
        ],
    )
    def test_names_the_invalid_field(
        self, api: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        response = api.post(MCP_SERVERS, SERVER | change)

        assert response.status_code == 400
        assert response.data["errors"][field][0]["code"] == code

    def test_names_are_unique_for_each_owner(self, api: APIClient) -> None:
        api.post(MCP_SERVERS, SERVER)

        response = api.post(MCP_SERVERS, SERVER)

        assert response.data["errors"]["name"][0]["code"] == "unique"

    def test_can_be_refreshed(self, api: APIClient, alice: User, serving: Any) -> None:
        server = McpServerFactory.create(
            owner=alice, url=serving.url, tools=[], fetched_at=None
        )
        headers = {"headers": {"Authorization": "Bearer secret"}}
        api.patch(url(server), headers)

        response = api.post(url(server, "refresh/"))

        server.refresh_from_db()
        assert response.status_code == 200
        assert [tool["name"] for tool in response.data["tools"]][:2] == ["add", "put"]
        assert response.data["fetched_at"] is not None
        assert len(server.tool_rows) == 6

    def test_a_failed_refresh_reports_the_reason(
        self, api: APIClient, alice: User, serving: Any
    ) -> None:
        server = McpServerFactory.create(owner=alice, url=serving.url, headers={})

        response = api.post(url(server, "refresh/"))

        server.refresh_from_db()
        assert response.status_code == 409
        assert response.data["code"] == "mcp_server_failed"
        assert len(server.tool_rows) == 2
        assert "denies access (HTTP 401" in response.data["detail"]

    def test_keeps_the_last_error_until_it_can_be_used(
        self, api: APIClient, alice: User, serving: Any
    ) -> None:
        server = McpServerFactory.create(owner=alice, url=serving.url, headers={})

        failed = api.post(url(server, "refresh/"))
        kept = api.get(MCP_SERVERS).data["results"][0]
        api.patch(url(server), {"headers": {"Authorization": "Bearer secret"}})
        used = api.post(url(server, "refresh/"))

        assert kept["last_error"] == failed.data["detail"]
        assert kept["last_error_at"] is not None
        assert used.data["last_error"] == ""
        assert used.data["last_error_at"] is None

    def test_names_the_tools_that_cannot_be_used(
        self, api: APIClient, alice: User, settings: Settings
    ) -> None:
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        scripted = ScriptedMcpServer()
        scripted.pages[None] = {
            "tools": [
                LOOKUP,
                {"name": "a", "inputSchema": {"type": "array"}},
                {"name": "b", "inputSchema": {"properties": {"n": {"type": "int"}}}},
                {"name": "x" * 129},
                {"name": "nul", "inputSchema": {"description": "\0"}},
                {"name": "text", "description": "a\0b"},
                {"name": "half\ud83d", "inputSchema": {"type": "string"}},
            ]
        }
        with Serving(scripted):
            server = McpServerFactory.create(
                owner=alice, url=scripted.url, tools=[], fetched_at=None
            )
            response = api.post(url(server, "refresh/"))

        assert [tool["name"] for tool in response.data["tools"]] == ["lookup", "text"]
        reasons = {
            tool["name"]: tool["reason"] for tool in response.data["omitted_tools"]
        }
        assert reasons.keys() == {"a", "b", "x" * 127 + "…", "nul", "half\ufffd"}
        assert reasons["a"] == "Its schema does not describe an object."
        assert '"int"' in reasons["b"]

    def test_obey_the_outbound_policy(
        self, api: APIClient, alice: User, serving: Any, settings: Settings
    ) -> None:
        settings.OUTBOUND_ALLOW = []
        server = McpServerFactory.create(owner=alice, url=serving.url)

        response = api.post(url(server, "refresh/"))

        assert response.status_code == 409
        assert not serving.requests

    def test_secrets_are_not_kept_for_another_host(
        self, api: APIClient, alice: User
    ) -> None:
        server = McpServerFactory.create(owner=alice)

        response = api.patch(url(server), {"url": "https://evil.example/mcp"})

        assert response.status_code == 400
        assert "headers" in response.data["errors"]

    def test_lists_the_callers_own_in_two_queries_without_schemas(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        servers = McpServerFactory.create_batch(3, owner=alice)
        McpServerFactory.create()
        McpServerFactory.create(owner=None)

        # 1. the page of servers, with their number 2. their tools, without schemas
        with django_assert_num_queries(2):
            response = api.get(MCP_SERVERS)

        names = [row["name"] for row in response.data["results"]]
        assert names == [server.name for server in reversed(servers)]
        assert [dict(tool) for tool in response.data["results"][0]["tools"]] == [
            {
                "name": "search",
                "description": "Search the web.",
                "effect": "write",
                "suggested_effect": "read",
            },
            {
                "name": "send.mail",
                "description": "Send a mail.",
                "effect": "write",
                "suggested_effect": "write",
            },
        ]

    def test_can_be_deleted(self, api: APIClient, alice: User) -> None:
        server = McpServerFactory.create(owner=alice)

        assert api.delete(url(server)).status_code == 204
        assert not McpServer.objects.exists()

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    @pytest.mark.parametrize("is_operators", [True, False])
    def test_are_hidden_from_strangers(
        self, stranger_api: APIClient, method: str, *, is_operators: bool
    ) -> None:
        owner = {"owner": None} if is_operators else {}
        server = McpServerFactory.create(**owner)

        response = getattr(stranger_api, method)(url(server), SERVER)

        assert response.status_code == 404
        assert McpServer.objects.get().name == server.name

    def test_strangers_cannot_refresh_them(self, stranger_api: APIClient) -> None:
        response = stranger_api.post(url(McpServerFactory.create(), "refresh/"))

        assert response.status_code == 404
