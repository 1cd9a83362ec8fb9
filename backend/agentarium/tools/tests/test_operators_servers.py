"""Programs of the operator: only staff may use them, unless the operator opens them."""

from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.tools.guarded_http import GuardedHttp
from agentarium.tools.models import McpServer
from agentarium.tools.tests.factories import McpServerFactory
from agentarium.tools.toolset import ToolNotAllowedError, Toolset, open_tools

AGENTS = "/api/agents/"
pytestmark = pytest.mark.django_db


@pytest.fixture(params=[{}, {"open_to": "staff"}], ids=["default", "staff"])
def closed(request: pytest.FixtureRequest, settings: Settings) -> McpServer:
    settings.MCP_STDIO = {"files": {"command": "serve", **request.param}}
    return McpServerFactory.create(owner=None, name="files", url="", headers={})


@pytest.fixture
def opened(settings: Settings) -> McpServer:
    settings.MCP_STDIO = {"files": {"command": "serve", "open_to": "all"}}
    return McpServerFactory.create(owner=None, name="files", url="", headers={})


@pytest.fixture
def staff(alice: User) -> User:
    alice.is_staff = True
    alice.save()
    return alice


def entry_of(server: McpServer) -> dict[str, Any]:
    return {"type": "mcp", "server": server.pk}


def save_agent(client: APIClient, entry: dict[str, Any]) -> Any:
    return client.post(AGENTS, {"name": "Reader", "tools": [entry]})


def listed_sources(client: APIClient) -> set[str]:
    return {row["source"] for row in client.get("/api/tools/").data["results"]}


def open_all(owner: User, server: McpServer) -> Toolset:
    return open_tools(
        owner.pk, [entry_of(server)], http=GuardedHttp(), find_agents=lambda _: {}
    )


class TestClosed:
    @pytest.mark.usefixtures("staff")
    def test_is_for_staff(self, api: APIClient, alice: User, closed: McpServer) -> None:
        assert "files" in listed_sources(api)
        assert save_agent(api, entry_of(closed)).status_code == 201
        assert "search" in open_all(alice, closed).specs

    @pytest.mark.usefixtures("staff")
    def test_does_not_exist_for_other_users(
        self, stranger_api: APIClient, closed: McpServer
    ) -> None:
        entry = entry_of(closed)

        foreign = save_agent(stranger_api, entry)
        closed.delete()
        missing = save_agent(stranger_api, entry)

        assert foreign.status_code == 400
        assert foreign.data["errors"]["tools"][0]["code"] == "does_not_exist"
        assert foreign.content == missing.content

    @pytest.mark.usefixtures("closed")
    def test_is_not_listed_for_other_users(self, stranger_api: APIClient) -> None:
        assert listed_sources(stranger_api) == {"built in"}

    def test_is_refused_at_run_time_once_its_user_is_not_staff(
        self, staff: User, closed: McpServer
    ) -> None:
        staff.is_staff = False
        staff.save()

        with pytest.raises(ToolNotAllowedError) as caught:
            open_all(staff, closed)

        assert "files, which is open to staff only" in caught.value.detail

    def test_another_users_server_is_only_missing(
        self, alice: User, closed: McpServer
    ) -> None:
        foreign = McpServerFactory.create()

        toolset = open_all(alice, foreign)

        assert McpServer.objects.filter(pk=closed.pk).exists()
        assert not toolset.specs
        assert len(toolset.missing) == 1


class TestOpened:
    def test_is_for_all_users(
        self, stranger_api: APIClient, stranger: User, opened: McpServer
    ) -> None:
        assert "files" in listed_sources(stranger_api)
        assert save_agent(stranger_api, entry_of(opened)).status_code == 201
        assert "search" in open_all(stranger, opened).specs

    def test_its_row_stays_hidden(
        self, stranger_api: APIClient, opened: McpServer
    ) -> None:
        response = stranger_api.get(f"/api/mcp-servers/{opened.pk}/")

        assert response.status_code == 404


def test_follow_the_settings(settings: Settings) -> None:
    McpServerFactory.create(owner=None, name="old")
    settings.MCP_STDIO = {"broken": {"command": "/no/such/program"}}

    call_command("refresh_mcp_servers")

    server = McpServer.objects.get()
    assert (server.name, server.owner, server.tool_rows) == ("broken", None, [])
