import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.services import create_api_token
from agentarium.core.encryption import Sealed
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.tests.factories import HttpToolFactory, McpServerFactory

HTTP_TOOLS = "/api/http-tools/"
MCP_SERVERS = "/api/mcp-servers/"

pytestmark = pytest.mark.django_db

WEATHER: dict[str, Any] = {
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
    "method": "GET",
    "url_template": "https://api.example.com/weather/{city}",
    "headers": {"Authorization": "Bearer secret"},
    "effect": "read",
    "needs_approval": False,
    "timeout": 20,
}


def url(row: HttpTool | McpServer, action: str = "") -> str:
    root = HTTP_TOOLS if isinstance(row, HttpTool) else MCP_SERVERS
    return f"{root}{row.pk}/{action}"


def client_with_scope(owner: User, scope: str) -> APIClient:
    _, secret = create_api_token(owner=owner, name="script", scopes=[scope])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


class TestHttpTools:
    def test_can_be_declared(self, api: APIClient, alice: User) -> None:
        response = api.post(HTTP_TOOLS, WEATHER)

        assert response.status_code == 201
        tool = HttpTool.objects.get()
        body = response.json()
        assert tool.owner == alice
        assert body["header_names"] == ["Authorization"]
        assert "headers" not in body
        assert "Bearer" not in json.dumps(body)
        assert tool.revealed_headers() == {"Authorization": "Bearer secret"}
        readable = WEATHER.keys() - {"headers"}
        assert {key: body[key] for key in readable} == {
            key: WEATHER[key] for key in readable
        }

    def test_have_defaults(self, api: APIClient) -> None:
        body = {"name": "ping", "url_template": "https://api.example.com/ping"}

        response = api.post(HTTP_TOOLS, body)

        assert response.status_code == 201
        assert response.data["parameters"] == {"type": "object"}
        assert response.data["effect"] == "write"
        assert response.data["header_names"] == []

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"name": ""}, "name", "blank"),
            ({"name": "a b"}, "name", "invalid_name"),
            ({"name": "x" * 65}, "name", "invalid_name"),
            ({"name": "ä"}, "name", "invalid_name"),
            ({"method": "TRACE"}, "method", "invalid_choice"),
            ({"effect": "none"}, "effect", "invalid_choice"),
            ({"timeout": 0}, "timeout", "min_value"),
            ({"timeout": 601}, "timeout", "max_value"),
            ({"parameters": []}, "parameters", "invalid"),
            ({"parameters": {"type": "text"}}, "parameters", "invalid_schema"),
            (
                {"parameters": {"type": "object", "$ref": "http://x.example/"}},
                "parameters",
                "invalid_schema",
            ),
            (
                {"parameters": {"type": "object"}},
                "url_template",
                "missing_parameter",
            ),
            ({"url_template": "nonsense"}, "url_template", "invalid_url"),
            ({"url_template": "{" * 3_000}, "url_template", "max_length"),
            (
                {"headers": dict.fromkeys(map(str, range(21)), "é")},
                "headers",
                "max_length",
            ),
            ({"url_template": 7}, "url_template", "invalid"),
            ({"url_template": "https://{city}/"}, "url_template", "invalid_url"),
            (
                {"url_template": "http://127.0.0.1/{city}"},
                "url_template",
                "outbound_refused",
            ),
            (
                {"url_template": "http://u:p@a.example/{city}"},
                "url_template",
                "outbound_refused",
            ),
            (
                {"url_template": "http://a.example:25/{city}"},
                "url_template",
                "outbound_refused",
            ),
            ({"headers": {"Host": "x"}}, "headers.Host", "invalid"),
            ({"headers": {"X": "a\nb"}}, "headers.X", "invalid"),
            ({"headers": {"X": None}}, "headers", "required"),
            ({"headers": {"X": "a", "x": "b"}}, "headers", "duplicate"),
            ({"headers": ["X"]}, "headers", "not_a_dict"),
        ],
    )
    def test_names_the_invalid_field(
        self, api: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        response = api.post(HTTP_TOOLS, WEATHER | change)

        assert response.status_code == 400
        assert response.data["errors"][field][0]["code"] == code
        assert not HttpTool.objects.exists()

    def test_names_are_unique_for_each_owner(
        self, api: APIClient, stranger_api: APIClient
    ) -> None:
        first = api.post(HTTP_TOOLS, WEATHER)
        second = api.post(HTTP_TOOLS, WEATHER)
        others = stranger_api.post(HTTP_TOOLS, WEATHER)

        assert first.status_code == others.status_code == 201
        assert second.status_code == 400
        assert second.data["errors"]["name"][0]["code"] == "unique"

    def test_cannot_take_the_name_of_another_tool(
        self, api: APIClient, alice: User
    ) -> None:
        HttpToolFactory.create(owner=alice, name="a")
        tool = HttpToolFactory.create(owner=alice, name="b")

        response = api.patch(url(tool), {"name": "a"})

        assert response.status_code == 400
        assert response.data["errors"]["name"][0]["code"] == "unique"

    def test_lists_the_callers_own_in_one_query(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        tools = HttpToolFactory.create_batch(3, owner=alice)
        HttpToolFactory.create()

        # 1. the page of tools, with their number
        with django_assert_num_queries(1):
            response = api.get(HTTP_TOOLS)

        names = [row["name"] for row in response.data["results"]]
        assert names == [tool.name for tool in reversed(tools)]

    def test_keep_their_secrets_through_other_changes(
        self, api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)

        response = api.patch(url(tool), {"description": "new"})

        tool.refresh_from_db()
        assert response.status_code == 200
        assert tool.description == "new"
        assert tool.revealed_headers() == {"Authorization": "Bearer secret"}

    def test_headers_are_replaced_and_null_keeps_one(
        self, api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(
            owner=alice, headers={"A": Sealed.of("1"), "B": Sealed.of("2")}
        )

        response = api.patch(url(tool), {"headers": {"A": None, "C": "3"}})

        tool.refresh_from_db()
        assert response.data["header_names"] == ["A", "C"]
        assert tool.revealed_headers() == {"A": "1", "C": "3"}

    @pytest.mark.parametrize("headers", [{}, {"headers": {"Authorization": None}}])
    def test_secrets_are_not_kept_for_another_host(
        self, api: APIClient, alice: User, headers: dict[str, Any]
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)
        change = {"url_template": "https://evil.example/things"}

        response = api.patch(url(tool), change | headers)

        tool.refresh_from_db()
        assert response.status_code == 400
        assert "headers" in response.data["errors"]
        assert tool.url_template == "https://api.example.com/things"

    def test_can_change_the_path_or_the_host_with_new_secrets(
        self, api: APIClient, alice: User
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)

        path = api.patch(url(tool), {"url_template": "https://api.example.com/new"})
        host = api.patch(
            url(tool),
            {"url_template": "https://b.example/", "headers": {"X": "new"}},
        )

        tool.refresh_from_db()
        assert path.status_code == host.status_code == 200
        assert tool.revealed_headers() == {"X": "new"}

    def test_can_be_deleted(self, api: APIClient, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice)

        assert api.delete(url(tool)).status_code == 204
        assert not HttpTool.objects.exists()

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_are_hidden_from_strangers(
        self, stranger_api: APIClient, method: str
    ) -> None:
        tool = HttpToolFactory.create()

        response = getattr(stranger_api, method)(url(tool), WEATHER)

        assert response.status_code == 404
        assert response.data["code"] == "not_found"
        assert HttpTool.objects.get().name == tool.name

    def test_strangers_cannot_test_them(self, stranger_api: APIClient) -> None:
        response = stranger_api.post(url(HttpToolFactory.create(), "test/"), {})

        assert response.status_code == 404

    def test_tokens_need_the_right_scope(self, alice: User) -> None:
        tool = HttpToolFactory.create(owner=alice)
        reader = client_with_scope(alice, "read")

        assert reader.get(url(tool)).status_code == 200
        assert reader.patch(url(tool), {}).status_code == 403
        assert reader.post(url(tool, "test/"), {}).status_code == 403


class TestRotation:
    def test_encrypts_all_secrets_with_the_new_key(
        self, alice: User, settings: Settings
    ) -> None:
        tool = HttpToolFactory.create(owner=alice)
        server = McpServerFactory.create(owner=alice)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "the new secret key of this server"

        call_command("reseal_secrets")

        settings.SECRET_KEY_FALLBACKS = []
        tool.refresh_from_db()
        server.refresh_from_db()
        assert tool.revealed_headers() == {"Authorization": "Bearer secret"}
        assert server.revealed_headers() == {"Authorization": "Bearer secret"}

    def test_reports_unreadable_secrets_and_continues(
        self, alice: User, settings: Settings
    ) -> None:
        lost = HttpToolFactory.create(owner=alice)
        first, settings.SECRET_KEY = settings.SECRET_KEY, "another secret key"
        kept = HttpToolFactory.create(owner=alice)

        with pytest.raises(CommandError, match=f"tools.HttpTool:{lost.pk}"):
            call_command("reseal_secrets")

        kept.refresh_from_db()
        assert kept.revealed_headers() == {"Authorization": "Bearer secret"}
        settings.SECRET_KEY = first
        lost.refresh_from_db()
        assert lost.revealed_headers() == {"Authorization": "Bearer secret"}
