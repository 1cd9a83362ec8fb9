import logging
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient
from structlog.testing import capture_logs

pytestmark = [
    pytest.mark.urls("agentarium.http.tests.probes"),
    pytest.mark.django_db,
]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Any:
    with capture_logs() as captured:
        yield captured


def test_logs_the_request_and_its_response(
    api: APIClient, alice: Any, lines: list[dict[str, Any]]
) -> None:
    api.get("/entries/?search=secret", REMOTE_ADDR="192.0.2.7")

    (line,) = lines
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request.finished",
        "log_level": "info",
        "method": "GET",
        "path": "/entries/",
        "status": 200,
        "user_id": alice.pk,
        "address": "192.0.2.7",
    }


def test_keeps_a_valid_id_of_the_caller(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/plain/", HTTP_X_REQUEST_ID="trace-0123456789")

    assert response["X-Request-ID"] == "trace-0123456789"


@pytest.mark.parametrize("offered", ["", "short", "a" * 65, "line\nbreak-line"])
def test_replaces_an_invalid_id(anonymous_api: APIClient, offered: str) -> None:
    response = anonymous_api.get("/plain/", HTTP_X_REQUEST_ID=offered)

    assert len(response["X-Request-ID"]) == 32


def test_does_not_load_the_user_only_for_the_log(
    client: Client,
    alice: Any,
    django_assert_num_queries: DjangoAssertNumQueries,
    lines: list[dict[str, Any]],
) -> None:
    client.force_login(alice)

    with django_assert_num_queries(0):
        client.get("/plain/")

    assert lines[-1]["user_id"] is None


def test_the_id_is_in_other_log_lines(
    anonymous_api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    anonymous_api.raise_request_exception = False

    with caplog.at_level(logging.ERROR):
        response = anonymous_api.get("/fails/bug/")

    assert response["X-Request-ID"] in caplog.text


class TestAddress:
    def test_believes_no_proxy_by_default(
        self, anonymous_api: APIClient, lines: list[dict[str, Any]]
    ) -> None:
        anonymous_api.get("/plain/", HTTP_X_FORWARDED_FOR="198.51.100.1")

        assert lines[-1]["address"] == "127.0.0.1"

    @pytest.mark.parametrize(
        ("forwarded", "address"),
        [
            ("198.51.100.1", "127.0.0.1"),
            ("198.51.100.1, 10.0.0.1", "198.51.100.1"),
            ("6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
            ("198.51.100.1:50123, 10.0.0.1", "198.51.100.1"),
            ("[2001:db8::1]:50123, 10.0.0.1", "2001:db8::1"),
            ("[2001:DB8::1], 10.0.0.1", "2001:db8::1"),
            ("2001:db8::1, 10.0.0.1", "2001:db8::1"),
            ("unknown, 10.0.0.1", "unknown"),
            (", 10.0.0.1", "127.0.0.1"),
        ],
    )
    def test_is_the_one_that_the_outermost_trusted_proxy_saw(
        self,
        anonymous_api: APIClient,
        settings: Settings,
        lines: list[dict[str, Any]],
        forwarded: str,
        address: str,
    ) -> None:
        settings.TRUSTED_PROXIES = 2

        anonymous_api.get("/plain/", HTTP_X_FORWARDED_FOR=forwarded)

        assert lines[-1]["address"] == address
