"""A networked server as a process: behind TLS, and before its first account."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.tests import processes

HOST = "agents.example.com"
FROM_A_PROXY = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
ADMIN = {
    "username": "ann",
    "email": "ann@example.com",
    "password": processes.PASSWORD,
}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[LocalServer]:
    command = ("up", "--no-model", *options)
    with LocalServer(folder, command=command, settings=settings) as server:
        yield server


def ask(
    server: LocalServer, path: str, body: object = None, **headers: str
) -> tuple[int, Any, str]:
    """Return the status, headers and body of one response; follows no redirect."""
    data = None if body is None else json.dumps(body).encode()
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(  # noqa: S310 - our own server's URL
        server.url + path,
        data=data,
        headers={"Content-Type": "application/json", "Host": HOST, **extra},
    )
    try:
        with _opener.open(request, timeout=30) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def codes_in(log: str) -> list[str]:
    return re.findall(rf"https://{HOST}/register#setup=([0-9a-f]+)", log)


def test_works_behind_tls_without_a_trusted_proxy_and_advises_to_set_it(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, AGENTARIUM_URL=f"https://{HOST}") as server:
        log = server.log_tail
        status, headers, _ = ask(server, "/api/auth/session/", **FROM_A_PROXY)
        cookie = headers["Set-Cookie"]
        plain, _, _ = ask(server, "/api/auth/session/")

        assert (status, plain) == (200, 200)
        assert "Secure" in cookie
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert log.count("AGENTARIUM_TRUSTED_PROXIES") == 1
        (code,) = codes_in(log)
        created, _, _ = ask(server, "/api/auth/register/", ADMIN | {"setup_code": code})
        assert created == 201
        assert sign_in(server) == 200


def sign_in(server: LocalServer) -> int:
    """Sign in as the page does, from the public https URL."""
    _, headers, _ = ask(server, "/api/auth/session/")
    token = headers["Set-Cookie"].split(";")[0].removeprefix("csrftoken=")
    status, _, _ = ask(
        server,
        "/api/auth/login/",
        {"username": ADMIN["username"], "password": ADMIN["password"]},
        Origin=f"https://{HOST}",
        Cookie=f"csrftoken={token}",
        X_CSRFToken=token,
    )
    return status


def test_redirects_plain_http_once_behind_a_trusted_proxy(tmp_path: Path) -> None:
    settings = {
        "AGENTARIUM_URL": f"https://{HOST}",
        "AGENTARIUM_TRUSTED_PROXIES": "1",
        "AGENTARIUM_HSTS_SECONDS": "60",
        "AGENTARIUM_HSTS_INCLUDE_SUBDOMAINS": "true",
        "AGENTARIUM_HSTS_PRELOAD": "true",
    }
    with serving(tmp_path, **settings) as server:
        plain, headers, _ = ask(
            server, "/api/models/", **FROM_A_PROXY | {"X-Forwarded-Proto": "http"}
        )
        direct, _, _ = ask(server, "/api/models/")
        secure, secured, _ = ask(server, "/api/auth/session/", **FROM_A_PROXY)
        probe, _, _ = ask(server, "/healthz")

        assert (plain, direct, secure, probe) == (301, 301, 200, 200)
        assert headers["Location"] == f"https://{HOST}/api/models/"
        wanted = "max-age=60; includeSubDomains; preload"
        assert secured["Strict-Transport-Security"] == wanted
        assert "AGENTARIUM_TRUSTED_PROXIES" not in server.log_tail


def test_prints_the_same_link_until_it_is_used(tmp_path: Path) -> None:
    with serving(tmp_path, AGENTARIUM_URL=f"https://{HOST}") as server:
        server.stop()
        server.start()
        codes = codes_in(server.log_tail)
        stranger, _, refusal = ask(server, "/api/auth/register/", ADMIN)
        body = ADMIN | {"setup_code": codes[0]}
        owner, _, _ = ask(server, "/api/auth/register/", body)
        server.stop()
        server.start()

        assert len(codes) == 2
        assert codes[0] == codes[1]
        assert (stranger, json.loads(refusal)["code"]) == (403, "setup_required")
        assert owner == 201
        assert len(codes_in((tmp_path / "server.log").read_text())) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_only_a_server_on_loopback_needs_no_setup_code(
    tmp_path: Path, host: str
) -> None:
    with serving(tmp_path, f"--host={host}") as server:
        status, _, _ = ask(
            server, "/api/auth/register/", ADMIN, Host=f"127.0.0.1:{server.port}"
        )

        assert ("#setup=" in server.log_tail) == (host != "127.0.0.1")
        assert status == (201 if host == "127.0.0.1" else 403)


def test_a_request_through_a_local_proxy_needs_the_setup_code(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        local = {"Host": f"127.0.0.1:{server.port}"}
        forwarded, _, _ = ask(
            server, "/api/auth/register/", ADMIN, **local, X_Real_IP="192.0.2.1"
        )
        direct, _, _ = ask(server, "/api/auth/register/", ADMIN, **local)

        assert (forwarded, direct) == (403, 201)
