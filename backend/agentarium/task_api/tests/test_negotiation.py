"""Content negotiation, on routes of each kind."""

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.tasks.tests.factories import TaskFactory

LIST, EXPORT, STREAM = "/api/tasks/", "/api/export/", "/api/events/"
JSON, LINES, EVENTS = "application/json", "application/x-ndjson", "text/event-stream"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class TestAccept:
    @pytest.mark.parametrize(
        ("path", "accept", "media_type"),
        [
            (LIST, "*/*", JSON),
            (LIST, JSON, JSON),
            (LIST, "application/*", JSON),
            (LIST, BROWSER, JSON),
            (LIST, "text/html, application/json;q=0.1", JSON),
            (EXPORT, "*/*", LINES),
            (EXPORT, LINES, LINES),
            (EXPORT, JSON, LINES),
            (STREAM, "*/*", EVENTS),
            (STREAM, EVENTS, EVENTS),
            (STREAM, JSON, EVENTS),
        ],
    )
    def test_gets_the_media_type_of_the_route(
        self, api: APIClient, path: str, accept: str, media_type: str
    ) -> None:
        response = api.get(path, HTTP_ACCEPT=accept)

        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == media_type

    @pytest.mark.parametrize("path", [LIST, EXPORT, STREAM])
    @pytest.mark.parametrize("accept", ["text/html", "image/*", "text/csv;q=0.5"])
    def test_of_any_other_type_is_refused(
        self, api: APIClient, path: str, accept: str
    ) -> None:
        response = api.get(path, HTTP_ACCEPT=accept)

        assert response.status_code == 406
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "not_acceptable"


class TestFormat:
    @pytest.mark.parametrize(
        ("path", "name", "media_type"),
        [(LIST, "json", JSON), (EXPORT, "ndjson", LINES), (STREAM, "sse", EVENTS)],
    )
    def test_can_be_set_in_the_query(
        self, api: APIClient, path: str, name: str, media_type: str
    ) -> None:
        response = api.get(path, {"format": name})

        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == media_type

    @pytest.mark.parametrize("path", [LIST, EXPORT, STREAM])
    def test_of_the_browsable_api_returns_404(self, api: APIClient, path: str) -> None:
        response = api.get(path, {"format": "api"}, HTTP_ACCEPT="text/html")

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"


class TestText:
    def test_is_utf8_and_unchanged(self, api: APIClient, alice: User) -> None:
        task = TaskFactory.create(
            agent__owner=alice, input_text="“naïve” \u2028 </script> ☃", completed=True
        )

        response = api.get(f"{LIST}{task.pk}/")

        assert response.json()["input_text"] == task.input_text
        assert "“naïve”".encode() in response.content
        assert response.json()["created_at"].endswith("Z")
