"""Which requests count as local: in any doubt they come from the network."""

from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from agentarium.http.local_access import BOUND_HOST, is_local, is_loopback
from agentarium.http.tests.local_request import LOCAL

ANYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound


@pytest.fixture(autouse=True)
def _for_this_machine(settings: Settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.TRUSTED_PROXIES = 0


def looks_local(**meta: Any) -> bool:
    return is_local(RequestFactory(**{**LOCAL, **meta}).get("/"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "[::1]",
        "localhost",
        "LocalHost.",
        "a.localhost",
    ],
)
def test_recognizes_the_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", ANYWHERE, "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.nip.io", "a"],
)
def test_other_names_are_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"HTTP_HOST": "localhost:8000"},
        {"HTTP_HOST": "[::1]:8000", BOUND_HOST: "::1", "REMOTE_ADDR": "::1"},
        {"HTTP_ORIGIN": "http://localhost:8000", "HTTP_X_REQUESTED_WITH": "fetch"},
    ],
)
def test_a_request_from_this_machine_is_local(meta: dict[str, str]) -> None:
    assert looks_local(**meta)


@pytest.mark.parametrize("bound", ["", ANYWHERE, "::", "10.0.0.1"])
def test_not_if_the_server_listens_on_other_addresses(bound: str) -> None:
    assert not looks_local(**{BOUND_HOST: bound})


def test_not_if_the_servers_address_is_unknown() -> None:
    request = RequestFactory(REMOTE_ADDR="127.0.0.1").get("/", HTTP_HOST="127.0.0.1")

    assert not is_local(request)


def test_a_client_cannot_forge_the_servers_address() -> None:
    header = f"HTTP_{BOUND_HOST.upper().replace('.', '_')}"

    assert not looks_local(**{BOUND_HOST: ANYWHERE, header: "127.0.0.1"})


@pytest.mark.parametrize(
    "url", ["https://agents.example.com", "http://10.0.0.1:8000", "http://box:8000"]
)
def test_not_if_the_server_has_a_public_url(settings: Settings, url: str) -> None:
    settings.PUBLIC_URL = url

    assert not looks_local()


def test_not_if_a_proxy_is_configured(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1

    assert not looks_local()


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Forwarded-Server",
        "X-Forwarded-Anything",
        "Forwarded",
        "Via",
        "X-Real-IP",
        "CF-Connecting-IP",
        "True-Client-IP",
        "X-Original-Forwarded-For",
    ],
)
@pytest.mark.parametrize("value", ["127.0.0.1", ""])
def test_not_if_a_proxy_has_added_a_header(header: str, value: str) -> None:
    name = f"HTTP_{header.upper().replace('-', '_')}"

    assert not looks_local(**{name: value})


@pytest.mark.parametrize(
    "meta",
    [
        # As a bare `proxy_pass` of nginx requests it.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        # Forwarded with the requested host.
        {"HTTP_HOST": "agents.example.com"},
        {"HTTP_HOST": ""},
        # By a firewall rule that redirects to a loopback address.
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_not_if_the_request_looks_forwarded(meta: dict[str, str]) -> None:
    assert not looks_local(**meta)


@pytest.mark.parametrize(
    "origin",
    [
        "https://agents.example.com",
        "http://127.0.0.1.example.com:8000",
        "http://localhost@example.com",
        "null",
        "http://[",
        "file://",
    ],
)
def test_not_if_a_page_of_another_site_sends_the_request(origin: str) -> None:
    assert not looks_local(HTTP_ORIGIN=origin)
