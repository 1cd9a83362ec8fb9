"""Which forms of a response a client may ask for, on routes of each kind."""

import pytest
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.tasks.tests.factories import TaskFactory

LIST, EXPORT, STREAM = "/api/tasks/", "/api/export/", "/api/events/"
JSON, LINES, EVENTS = "application/json", "application/x-ndjson", "text/event-stream"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class TestAccept:
    @pytest.mark.parametrize(
        ("path", "accept", "given"),
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
    def test_gets_the_form_of_the_route(
        self, api: APIClient, path: str, accept: str, given: str
    ) -> None:
        response = api.get(path, HTTP_ACCEPT=accept)

        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == given

    @pytest.mark.parametrize("path", [LIST, EXPORT, STREAM])
    @pytest.mark.parametrize("accept", ["text/html", "image/*", "text/csv;q=0.5"])
    def test_is_refused_for_any_other_form(
        self, api: APIClient, path: str, accept: str
    ) -> None:
        response = api.get(path, HTTP_ACCEPT=accept)

        assert response.status_code == 406
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "not_acceptable"


class TestFormat:
    @pytest.mark.parametrize(
        ("path", "name", "given"),
        [(LIST, "json", JSON), (EXPORT, "ndjson", LINES), (STREAM, "sse", EVENTS)],
    )
    def test_may_be_named_in_the_query(
        self, api: APIClient, path: str, name: str, given: str
    ) -> None:
        response = api.get(path, {"format": name})

        assert response.status_code == 200
        assert response["Content-Type"].partition(";")[0] == given

    @pytest.mark.parametrize("path", [LIST, EXPORT, STREAM])
    def test_of_pages_for_a_browser_is_not_there(
        self, api: APIClient, path: str
    ) -> None:
        response = api.get(path, {"format": "api"}, HTTP_ACCEPT="text/html")

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"


class TestText:
    def test_is_utf8_and_as_it_was_written(self, api: APIClient, alice: User) -> None:
        task = TaskFactory.create(
            agent__owner=alice, input_text="“naïve” \u2028 </script> ☃", completed=True
        )

        response = api.get(f"{LIST}{task.pk}/")

        assert response.json()["input_text"] == task.input_text
        assert "“naïve”".encode() in response.content
        assert response.json()["created_at"].endswith("Z")
