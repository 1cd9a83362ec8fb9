"""An https URL is never redirected to itself, whatever a proxy says or omits."""

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

pytestmark = pytest.mark.urls("agentarium.http.tests.probes")

HOST = "agents.example.com"
HTTPS = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
HTTP = {"HTTP_X_FORWARDED_PROTO": "http", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
SILENT = {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}
BARE_NGINX = {"SERVER_PROTOCOL": "HTTP/1.0"}
DIRECT: dict[str, str] = {}
BROWSER_ON_HTTPS = {"HTTP_SEC_FETCH_SITE": "none"}


@pytest.fixture(autouse=True)
def _public_https(settings: Settings) -> None:
    settings.PUBLIC_URL = f"https://{HOST}"
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_SSL_HOST = HOST
    settings.SECURE_HSTS_SECONDS = 60
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def get(anonymous_api: APIClient) -> Any:
    def get(path: str = "/plain/", **meta: Any) -> Any:
        return anonymous_api.get(path, **{"HTTP_HOST": HOST, **meta})

    return get


@pytest.mark.parametrize(
    "headers", [HTTPS, HTTP, SILENT, BARE_NGINX, DIRECT, BROWSER_ON_HTTPS]
)
def test_without_a_trusted_proxy_nothing_is_redirected(
    get: Any, settings: Settings, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = 0

    assert get(**headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        HTTPS,
        HTTPS | {"HTTP_X_FORWARDED_PROTO": "HTTPS"},
        HTTPS | {"HTTP_X_FORWARDED_PROTO": "http, https"},
        SILENT,
        SILENT | {"HTTP_X_FORWARDED_PROTO": ""},
        SILENT | {"HTTP_X_FORWARDED_PROTO": "on"},
        {"HTTP_FORWARDED": "proto=https"},
        {"HTTP_VIA": "1.1 proxy"},
        BARE_NGINX,
        BROWSER_ON_HTTPS,
        HTTP | BROWSER_ON_HTTPS,
    ],
)
def test_accepts_what_common_proxies_send_over_https(
    get: Any, settings: Settings, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = 1

    response = get(**headers)

    assert response.status_code == 200
    assert response["Strict-Transport-Security"] == "max-age=60"


@pytest.mark.parametrize(
    "headers", [HTTP, DIRECT, HTTPS | {"HTTP_X_FORWARDED_PROTO": "https, http"}]
)
def test_plain_http_is_redirected_to_the_public_url_once(
    get: Any, settings: Settings, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.SECURE_SSL_HOST = f"{HOST}:8443"

    first = get("/plain/?a=b", **headers)
    second = get("/plain/?a=b", **HTTPS)

    assert first.status_code == 301
    assert first["Location"] == f"https://{HOST}:8443/plain/?a=b"
    assert "Strict-Transport-Security" not in first
    assert second.status_code == 200


def test_believes_the_outermost_of_two_trusted_proxies(
    get: Any, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 2

    inside_only_http = get(HTTP_X_FORWARDED_PROTO="https, http")
    outside_http = get(HTTP_X_FORWARDED_PROTO="http, https")

    assert inside_only_http.status_code == 200
    assert outside_http.status_code == 301


@pytest.mark.parametrize(("proxies", "headers"), [(0, SILENT), (0, DIRECT), (1, HTTPS)])
def test_urls_in_responses_are_public_ones(
    get: Any, settings: Settings, proxies: int, headers: dict[str, str]
) -> None:
    settings.TRUSTED_PROXIES = proxies

    response = get("/addresses/", **headers)

    assert response.json() == {"url": f"https://{HOST}/addresses/"}


@pytest.mark.parametrize("headers", [HTTPS, HTTP, SILENT, DIRECT])
def test_an_http_url_stays_http(
    get: Any, settings: Settings, headers: dict[str, str]
) -> None:
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = False
    settings.TRUSTED_PROXIES = 0

    response = get("/addresses/", **headers)

    assert response.json() == {"url": f"http://{HOST}/addresses/"}


def test_an_http_url_believes_a_trusted_proxy(get: Any, settings: Settings) -> None:
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = False
    settings.TRUSTED_PROXIES = 1

    response = get("/addresses/", **HTTPS)

    assert response.json() == {"url": f"https://{HOST}/addresses/"}
