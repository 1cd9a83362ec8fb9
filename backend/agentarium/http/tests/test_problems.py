import logging

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

pytestmark = [
    pytest.mark.urls("agentarium.http.tests.probes"),
    pytest.mark.django_db,
]
PROBLEM = "application/problem+json"


def test_an_unknown_url_is_a_problem(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/nowhere/")

    assert response.status_code == 404
    assert response["Content-Type"] == PROBLEM
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "There is nothing at this address.",
        "instance": "/nowhere/",
    }


def test_a_wrong_method_names_the_allowed_ones(anonymous_api: APIClient) -> None:
    response = anonymous_api.delete("/echo/")

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert "POST" in response["Allow"]


def test_options_returns_only_the_allowed_methods(anonymous_api: APIClient) -> None:
    response = anonymous_api.options("/echo/")

    assert response.status_code == 200
    assert response.json() == {}
    assert response["Allow"] == "POST, OPTIONS"


def test_an_unacceptable_format_is_a_problem(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/entries/", HTTP_ACCEPT="image/png")

    assert response.status_code == 406
    assert response["Content-Type"] == PROBLEM
    assert response.json()["code"] == "not_acceptable"


def test_an_unsupported_body_is_a_problem(anonymous_api: APIClient) -> None:
    response = anonymous_api.post("/echo/", data="<a/>", content_type="text/xml")

    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "body", ["{", "", "[" * 100_000, '{"a": NaN}', b"\xff\xfe", "1" * 5000]
)
def test_a_body_that_is_not_json_is_a_problem(
    anonymous_api: APIClient, body: str | bytes
) -> None:
    response = anonymous_api.post("/echo/", data=body, content_type="application/json")

    assert response.status_code == 400
    assert response["Content-Type"] == PROBLEM


def test_bad_json_has_its_own_code(anonymous_api: APIClient) -> None:
    response = anonymous_api.post("/echo/", data="{", content_type="application/json")

    assert response.json()["code"] == "parse_error"


def test_refuses_a_body_over_the_limit(
    anonymous_api: APIClient, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20

    response = anonymous_api.post("/echo/", {"title": "longer than twenty bytes"})

    assert response.status_code == 413
    assert response.json()["code"] == "content_too_large"


def test_names_nested_and_listed_fields(anonymous_api: APIClient) -> None:
    body = {"items": [{"name": "a"}, {"tags": [1, "x"]}]}

    response = anonymous_api.post("/echo/", body)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    codes = {
        field: [error["code"] for error in errors]
        for field, errors in response.json()["errors"].items()
    }
    assert codes == {
        "title": ["required"],
        "items.1.name": ["required"],
        "items.1.tags.1": ["invalid"],
    }


def test_collects_errors_of_the_whole_body_under_one_name(
    anonymous_api: APIClient,
) -> None:
    response = anonymous_api.post("/echo/", {"title": "a", "items": []})

    assert response.json()["errors"]["non_field_errors"][0]["code"] == "never"


def test_renders_a_domain_error(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/fails/conflict/")

    assert response.status_code == 409
    assert response.json()["code"] == "conflict"
    assert response.json()["detail"] == "It has ended already."


def test_a_domain_errors_default_detail_is_its_docstring(
    anonymous_api: APIClient,
) -> None:
    response = anonymous_api.get("/fails/missing/")

    assert response.status_code == 404
    assert response.json()["detail"] == "There is no such object, or it is not yours."


def test_says_when_to_try_again(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/fails/busy/")

    assert response.status_code == 429
    assert response["Retry-After"] == "2"


@pytest.mark.parametrize("kind", ["database", "connection"])
def test_a_lost_database_is_a_503(anonymous_api: APIClient, kind: str) -> None:
    anonymous_api.raise_request_exception = False

    response = anonymous_api.get(f"/fails/{kind}/")

    assert response.status_code == 503
    assert response.json()["code"] == "database_unavailable"
    assert response["Retry-After"] == "5"


def test_asks_for_missing_credentials(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/closed/")

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_an_unexpected_error_reveals_only_the_request_id(
    anonymous_api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    anonymous_api.raise_request_exception = False

    with caplog.at_level(logging.ERROR):
        response = anonymous_api.get("/fails/bug/")

    assert response.status_code == 500
    assert response["Content-Type"] == PROBLEM
    assert response.json()["code"] == "internal_error"
    assert response.json()["request_id"] == response["X-Request-ID"]
    assert b"hunter2" not in response.content
    assert "request.failed" in caplog.text


def test_a_wrong_host_is_a_problem(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/plain/", HTTP_HOST="evil.example")

    assert response.status_code == 400
    assert response.json()["code"] == "bad_request"


def test_a_form_without_a_csrf_token_is_a_problem() -> None:
    client = APIClient(enforce_csrf_checks=True)

    response = client.post("/plain/")

    assert response.status_code == 403
    assert response.json()["code"] == "csrf_failed"
