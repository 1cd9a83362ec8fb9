"""Test calls of HTTP tools."""

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.tools.models import HttpTool
from agentarium.tools.tests.factories import HttpToolFactory
from agentarium.tools.tests.serving import ToolsServing

HTTP_TOOLS = "/api/http-tools/"

pytestmark = pytest.mark.django_db


def url(tool: HttpTool, action: str = "") -> str:
    return f"{HTTP_TOOLS}{tool.pk}/{action}"


class TestTrial:
    @pytest.fixture
    def tools(self, settings: Settings) -> Any:
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        with ToolsServing() as tools:
            yield tools

    def create(self, owner: User, address: str) -> HttpTool:
        return HttpToolFactory.create(
            owner=owner,
            method="POST",
            url_template=address,
            parameters={
                "type": "object",
                "properties": {"n": {"type": "integer"}},
                "required": ["n"],
            },
        )

    def test_calls_the_tool_with_its_secrets(
        self, api: APIClient, alice: User, tools: Any
    ) -> None:
        tool = self.create(alice, f"{tools.url}/do/pay")

        response = api.post(url(tool, "test/"), {"arguments": {"n": 1}})

        assert response.status_code == 200
        assert response.data["result"].startswith("HTTP 200 OK")
        assert response.data["is_error"] is False
        assert tools.received[0].headers["Authorization"] == "Bearer secret"
        assert tools.received[0].body == b'{"n":1}'

    def test_returns_a_failure_as_the_model_would_see_it(
        self, api: APIClient, alice: User, tools: Any
    ) -> None:
        tool = self.create(alice, f"{tools.url}/do/pay?status=422")

        response = api.post(url(tool, "test/"), {"arguments": {"n": 1}})

        assert response.status_code == 200
        assert response.data["is_error"] is True
        assert "422" in response.data["result"]

    def test_checks_the_arguments(
        self, api: APIClient, alice: User, tools: Any
    ) -> None:
        tool = self.create(alice, f"{tools.url}/do/pay")

        response = api.post(url(tool, "test/"), {"arguments": {"n": "x"}})

        assert response.data["is_error"] is True
        assert not tools.received

    @pytest.mark.parametrize("body", [{"arguments": []}, {"arguments": "x"}])
    def test_rejects_arguments_that_are_not_an_object(
        self, api: APIClient, alice: User, body: dict[str, Any]
    ) -> None:
        tool = self.create(alice, "https://api.example.com/")

        assert api.post(url(tool, "test/"), body).status_code == 400

    @pytest.mark.parametrize(
        "fragment", [str(2**64), '"\\ud800"', '"\\u0000"', "[" * 300 + "]" * 300]
    )
    def test_refuses_arguments_that_cannot_be_sent(
        self, api: APIClient, alice: User, tools: Any, fragment: str
    ) -> None:
        tool = self.create(alice, f"{tools.url}/do/pay")
        body = f'{{"arguments": {{"n": 1, "a": {fragment}}}}}'

        response = api.post(url(tool, "test/"), body, content_type="application/json")

        assert response.status_code == 400
        assert not tools.received

    def test_obeys_the_outbound_policy(
        self, api: APIClient, alice: User, tools: Any, settings: Settings
    ) -> None:
        tool = self.create(alice, f"{tools.url}/do/pay")
        settings.OUTBOUND_ALLOW = []

        response = api.post(url(tool, "test/"), {"arguments": {"n": 1}})

        assert response.data["is_error"] is True
        assert not tools.received

    def test_reports_unreadable_secrets(
        self, api: APIClient, alice: User, settings: Settings
    ) -> None:
        tool = self.create(alice, "https://api.example.com/")
        settings.SECRET_KEY = "another"

        response = api.post(url(tool, "test/"), {"arguments": {"n": 1}})

        assert response.status_code == 409
        assert response.data["code"] == "unreadable_secret"
