import io

import pytest
from rest_framework.test import APIClient

from agentarium.http.request_bounds import MAX_QUERY_CHARS, SiteRequest

pytestmark = [
    pytest.mark.urls("agentarium.http.tests.probes"),
    pytest.mark.django_db,
]


def test_refuses_a_long_query_string(anonymous_api: APIClient) -> None:
    response = anonymous_api.get("/entries/?" + "a" * (MAX_QUERY_CHARS + 1))

    assert response.status_code == 414
    assert response.json()["code"] == "query_too_long"


@pytest.mark.parametrize(
    "charset", ["utf-16", "latin-1", "zlib", "rot13", "idna", "nonsense"]
)
def test_refuses_text_in_another_encoding(
    anonymous_api: APIClient, charset: str
) -> None:
    content_type = f"application/json; charset={charset}"

    response = anonymous_api.generic("POST", "/echo/", "{}", content_type)

    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_charset"


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"'])
def test_takes_utf_8(anonymous_api: APIClient, charset: str) -> None:
    content_type = f"application/json; charset={charset}"

    response = anonymous_api.generic("POST", "/echo/", "{}", content_type)

    assert response.status_code == 400
    assert "title" in response.json()["errors"]


def test_a_content_type_that_cannot_be_parsed_is_unknown() -> None:
    request = SiteRequest(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/json; charset*=nonsense''a",
            "wsgi.input": io.BytesIO(),
        }
    )

    assert request.content_type == ""
    assert request.content_params == {}


def test_does_not_parse_a_long_content_type() -> None:
    content_type = "application/json" + "; a=b" * 50
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO()}

    request = SiteRequest(environ | {"CONTENT_TYPE": content_type})

    assert request.content_params == {}
