"""Who counts as somebody at this machine: any doubt makes it the network."""

from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from agentarium.http.locality import BOUND_HOST, is_local, is_loopback
from agentarium.http.tests.local import LOCAL

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
def test_knows_the_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", ANYWHERE, "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.nip.io", "a"],
)
def test_knows_others_from_it(host: str) -> None:
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
def test_lets_in_who_sits_at_it(meta: dict[str, str]) -> None:
    assert looks_local(**meta)


@pytest.mark.parametrize("bound", ["", ANYWHERE, "::", "10.0.0.1"])
def test_a_server_that_listens_elsewhere_or_anywhere_is_for_others(bound: str) -> None:
    assert not looks_local(**{BOUND_HOST: bound})


def test_so_is_one_of_which_nobody_says_where_it_listens() -> None:
    request = RequestFactory(REMOTE_ADDR="127.0.0.1").get("/", HTTP_HOST="127.0.0.1")

    assert not is_local(request)


def test_a_client_cannot_say_where_the_server_listens() -> None:
    header = f"HTTP_{BOUND_HOST.upper().replace('.', '_')}"

    assert not looks_local(**{BOUND_HOST: ANYWHERE, header: "127.0.0.1"})


@pytest.mark.parametrize(
    "url", ["https://agents.example.com", "http://10.0.0.1:8000", "http://box:8000"]
)
def test_so_is_one_with_an_address_for_others(settings: Settings, url: str) -> None:
    settings.PUBLIC_URL = url

    assert not looks_local()


def test_so_is_one_behind_a_proxy(settings: Settings) -> None:
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
def test_a_request_that_was_passed_on_is_anybodys(header: str, value: str) -> None:
    name = f"HTTP_{header.upper().replace('-', '_')}"

    assert not looks_local(**{name: value})


@pytest.mark.parametrize(
    "meta",
    [
        # As a bare `proxy_pass` of nginx asks.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        # Passed on with the host as it was asked for.
        {"HTTP_HOST": "agents.example.com"},
        {"HTTP_HOST": ""},
        # By a rule of the firewall that leads to a loopback address.
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_so_is_one_that_looks_passed_on(meta: dict[str, str]) -> None:
    assert not looks_local(**meta)
