"""Secrets of headers and addresses: sealed, sent, never shown."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.core.encryption import Sealed
from agentarium.runtime.masking.mask import MASK
from agentarium.runtime.tools.mcp.endpoints import RemoteMcpServer
from agentarium.tools.catalogue import CallableAgent
from agentarium.tools.guarded_http import GuardedHttp
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.secret_values import secret_mask
from agentarium.tools.tests.factories import HttpToolFactory, McpServerFactory
from agentarium.tools.tests.serving import ToolsServing
from agentarium.tools.toolset import mcp_endpoint, open_tools

HTTP_TOOLS = "/api/http-tools/"
MCP_SERVERS = "/api/mcp-servers/"
VALUE = "k-0123456789abcdef"

pytestmark = pytest.mark.django_db

TOOL: dict[str, Any] = {
    "name": "weather",
    "url_template": "https://api.example.com/weather",
    "url_secrets": {"api_key": VALUE},
    "effect": "read",
}


def no_agents(_: Collection[int]) -> Mapping[int, CallableAgent]:
    return {}


class TestStoring:
    def test_url_secrets_are_sealed_and_never_shown(
        self, api: APIClient, alice: User
    ) -> None:
        created = api.post(HTTP_TOOLS, TOOL)

        tool = HttpTool.objects.get()
        path = f"{HTTP_TOOLS}{tool.pk}/"
        shown = [created, api.get(path), api.get(HTTP_TOOLS), api.get("/api/tools/")]
        assert created.status_code == 201
        assert created.data["url_secret_names"] == ["api_key"]
        assert tool.revealed_url_secrets() == {"api_key": VALUE}
        assert isinstance(tool.url_secrets["api_key"], Sealed)
        assert not any(VALUE in json.dumps(each.json()) for each in shown)

    def test_null_keeps_a_value_and_another_host_asks_for_it_again(
        self, api: APIClient, alice: User
    ) -> None:
        path = f"{HTTP_TOOLS}{api.post(HTTP_TOOLS, TOOL).data['id']}/"

        kept = api.patch(path, {"url_secrets": {"api_key": None}})
        moved = api.patch(path, {"url_template": "https://evil.example/"})
        refused = api.patch(
            path,
            {"url_template": "https://evil.example/", "url_secrets": {"api_key": None}},
        )

        assert kept.status_code == 200
        assert moved.status_code == refused.status_code == 400
        assert "url_secrets" in moved.data["errors"]
        assert "url_secrets" in refused.data["errors"]
        assert HttpTool.objects.get().revealed_url_secrets() == {"api_key": VALUE}

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"url_secrets": {"a b": VALUE}}, "url_secrets.a b", "invalid"),
            ({"url_secrets": {"key": "a\nb"}}, "url_secrets.key", "invalid"),
            ({"url_secrets": {"key": ""}}, "url_secrets.key", "blank"),
            ({"url_secrets": {"key": None}}, "url_secrets", "required"),
            ({"url_secrets": ["key"]}, "url_secrets", "not_a_dict"),
            (
                {"url_template": "https://api.example.com/?api_key=1"},
                "url_template",
                "secret_in_url",
            ),
            (
                {
                    "url_template": "https://api.example.com/?region=eu",
                    "url_secrets": {"region": VALUE},
                },
                "url_template",
                "duplicate",
            ),
        ],
    )
    def test_names_the_invalid_field(
        self, api: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        response = api.post(HTTP_TOOLS, TOOL | change)

        assert response.status_code == 400
        assert response.data["errors"][field][0]["code"] == code

    def test_says_which_values_are_too_short_to_be_masked(self, api: APIClient) -> None:
        secrets = {
            "headers": {"X-Pin": "1234", "X-Key": VALUE},
            "url_secrets": {"k": "x"},
        }

        created = api.post(HTTP_TOOLS, TOOL | secrets)
        read = api.get(f"{HTTP_TOOLS}{created.data['id']}/")

        assert [warning.split()[3] for warning in created.data["warnings"]] == [
            "X-Pin",
            "k",
        ]
        assert read.data["warnings"] == []


class TestClearSecrets:
    @pytest.mark.parametrize(
        "query",
        [
            "api_key=1",
            "q=1&API-KEY=abc",
            "apiKey=abc",
            "access_token=x",
            "token=x",
            "client_secret=x",
            "password=x",
            "key=AIzaSyA1234567890abcdef",
            "a=1;token=x",
        ],
    )
    def test_an_address_with_a_credential_is_refused(
        self, api: APIClient, query: str
    ) -> None:
        tool = {"name": "a", "url_template": f"https://api.example.com/?{query}"}
        server = {"name": "a", "url": f"https://api.example.com/mcp?{query}"}

        answers = [api.post(HTTP_TOOLS, tool), api.post(MCP_SERVERS, server)]

        assert [answer.status_code for answer in answers] == [400, 400]
        (first,), (second,) = (
            errors for answer in answers for errors in answer.data["errors"].values()
        )
        assert first["code"] == second["code"] == "secret_in_url"
        assert "url_secrets" in first["detail"]
        assert query.rpartition("=")[2] not in first["detail"].split()

    @pytest.mark.parametrize(
        "query",
        ["key=name", "token=", "page_token=x", "tokens=5", "q=token", "code=de"],
    )
    def test_other_parameters_are_not(self, api: APIClient, query: str) -> None:
        tool = {"name": "a", "url_template": f"https://api.example.com/?{query}"}

        assert api.post(HTTP_TOOLS, tool).status_code == 201

    def test_a_placeholder_is_no_credential(self, api: APIClient) -> None:
        tool = {
            "name": "a",
            "url_template": "https://api.example.com/?token={token}",
            "parameters": {"type": "object", "required": ["token"]},
        }

        assert api.post(HTTP_TOOLS, tool).status_code == 201

    def test_a_stored_address_can_still_be_saved(
        self, api: APIClient, alice: User
    ) -> None:
        address = "https://api.example.com/?api_key=old"
        tool = HttpToolFactory.create(owner=alice, url_template=address)

        response = api.patch(
            f"{HTTP_TOOLS}{tool.pk}/", {"url_template": address, "description": "New."}
        )

        assert response.status_code == 200


class TestCalling:
    @pytest.fixture
    def tools(self, settings: Settings) -> Iterator[ToolsServing]:
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        with ToolsServing() as tools:
            yield tools

    def declare(self, api: APIClient, **fields: Any) -> str:
        created = api.post(HTTP_TOOLS, TOOL | fields)
        assert created.status_code == 201, created.data
        return f"{HTTP_TOOLS}{created.data['id']}/test/"

    def test_a_secret_is_added_to_the_query(
        self, api: APIClient, tools: ToolsServing
    ) -> None:
        path = self.declare(api, url_template=f"{tools.url}/do/get?a=1")

        api.post(path, {"arguments": {"q": "x"}})

        assert tools.received[0].query == {"a": "1", "q": "x", "api_key": VALUE}

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_secret_fills_its_placeholder(
        self, api: APIClient, tools: ToolsServing, method: str
    ) -> None:
        path = self.declare(
            api,
            method=method,
            url_template=f"{tools.url}/do/{{bot}}?key={{api_key}}",
            url_secrets={"bot": "bot1234:abc", "api_key": VALUE},
        )

        api.post(path, {"arguments": {}})

        assert tools.received[0].path == "/do/bot1234:abc"
        assert tools.received[0].query == {"key": VALUE}

    @pytest.mark.parametrize(
        "address", ["/do/get", "/do/get?key={api_key}", "/do/{api_key}"]
    )
    def test_an_argument_cannot_take_its_place(
        self, api: APIClient, tools: ToolsServing, address: str
    ) -> None:
        path = self.declare(api, url_template=tools.url + address)

        response = api.post(path, {"arguments": {"api_key": "mine"}})

        assert response.data["is_error"]
        assert "api_key" in response.data["result"]
        assert not tools.received

    @pytest.mark.parametrize("status", [200, 500])
    def test_what_the_server_echoes_is_masked(
        self, api: APIClient, tools: ToolsServing, status: int
    ) -> None:
        path = self.declare(
            api,
            url_template=f"{tools.url}/do/get?echo=1&status={status}",
            headers={"Authorization": "Bearer header-secret", "X-Key": "other-secret"},
        )

        result = api.post(path, {"arguments": {}}).data["result"]

        assert VALUE not in result
        assert "header-secret" not in result
        assert "other-secret" not in result
        assert f"api_key={MASK}" in result
        assert f"Bearer {MASK}" in result

    def test_an_mcp_server_gets_its_secrets(self, alice: User) -> None:
        server = McpServerFactory.create(
            owner=alice,
            url="https://mcp.example.com/{token}/mcp?a=1",
            url_secrets={"token": Sealed.of("path-secret"), "k": Sealed.of(VALUE)},
        )

        endpoint = mcp_endpoint(server, GuardedHttp())

        assert isinstance(endpoint, RemoteMcpServer)
        assert endpoint.url == f"https://mcp.example.com/path-secret/mcp?a=1&k={VALUE}"
        assert VALUE not in repr(endpoint)

    def test_an_mcp_server_needs_a_secret_for_each_placeholder(
        self, api: APIClient
    ) -> None:
        server = {
            "name": "a",
            "url": "https://mcp.example.com/{token}/{other}",
            "url_secrets": {"token": VALUE},
        }

        response = api.post(MCP_SERVERS, server)

        assert response.data["errors"]["url"][0]["code"] == "missing_secret"
        assert not McpServer.objects.exists()


class TestMask:
    def test_knows_the_secrets_of_all_tools_and_of_the_providers(
        self, alice: User, settings: Settings
    ) -> None:
        settings.PROVIDERS = {
            **settings.PROVIDERS,
            "openai": {"api_key": "sk-provider-key", "base_url": ""},
        }
        settings.MCP_STDIO = {
            "files": {
                "command": "x",
                "env": {"API_TOKEN": "program-token", "LANG": "C"},
                "open_to": "all",
            }
        }
        tool = HttpToolFactory.create(
            owner=alice,
            url_secrets={"k": Sealed.of(VALUE)},
            headers={"X": Sealed.of("header-value")},
        )
        program = McpServerFactory.create(owner=None, name="files", headers={}, url="")
        entries = [
            {"type": "http", "id": tool.pk},
            {"type": "mcp", "server": program.pk},
        ]

        toolset = open_tools(
            alice.pk, entries, http=GuardedHttp(), find_agents=no_agents
        )

        for secret in (VALUE, "header-value", "sk-provider-key", "program-token"):
            assert toolset.mask.apply(f"<{secret}>") == f"<{MASK}>"
        assert secret_mask().apply("sk-provider-key") == MASK
