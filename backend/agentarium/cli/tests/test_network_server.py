"""A server that others can reach, as a process: behind TLS, and before its set-up."""

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
    """Status, headers and body of one answer, with no redirect followed."""
    data = None if body is None else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(  # noqa: S310 - our own server's URL
        server.url + path,
        data=data,
        headers={"Content-Type": "application/json", "Host": HOST, **given},
    )
    try:
        with _opener.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def codes_in(log: str) -> list[str]:
    return re.findall(rf"https://{HOST}/register#setup=([0-9a-f]+)", log)


def test_behind_tls_without_a_trusted_proxy_it_works_and_says_what_to_set(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, AGENTARIUM_URL=f"https://{HOST}") as server:
        log = server.log_tail
        status, headers, _ = ask(server, "/api/auth/session/", **FROM_A_PROXY)
        crumb = headers["Set-Cookie"]
        silent, _, _ = ask(server, "/api/auth/session/")

        assert (status, silent) == (200, 200)
        assert "Secure" in crumb
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert log.count("AGENTARIUM_TRUSTED_PROXIES") == 1
        (code,) = codes_in(log)
        made, _, _ = ask(server, "/api/auth/register/", ADMIN | {"setup_code": code})
        assert made == 201
        assert sign_in(server) == 200


def sign_in(server: LocalServer) -> int:
    """As the page does, from the https address that people type."""
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


def test_behind_a_trusted_proxy_plain_http_is_redirected_once(tmp_path: Path) -> None:
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
        stranger, _, said = ask(server, "/api/auth/register/", ADMIN)
        body = ADMIN | {"setup_code": codes[0]}
        owner, _, _ = ask(server, "/api/auth/register/", body)
        server.stop()
        server.start()

        assert len(codes) == 2
        assert codes[0] == codes[1]
        assert (stranger, json.loads(said)["code"]) == (403, "setup_required")
        assert owner == 201
        assert len(codes_in((tmp_path / "server.log").read_text())) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_the_address_that_is_listened_on_decides(tmp_path: Path, host: str) -> None:
    with serving(tmp_path, f"--host={host}") as server:
        free, _, _ = ask(
            server, "/api/auth/register/", ADMIN, Host=f"127.0.0.1:{server.port}"
        )

        assert ("#setup=" in server.log_tail) == (host != "127.0.0.1")
        assert free == (201 if host == "127.0.0.1" else 403)


def test_a_proxy_at_this_machine_needs_the_code(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        here = {"Host": f"127.0.0.1:{server.port}"}
        passed_on, _, _ = ask(
            server, "/api/auth/register/", ADMIN, **here, X_Real_IP="192.0.2.1"
        )
        direct, _, _ = ask(server, "/api/auth/register/", ADMIN, **here)

        assert (passed_on, direct) == (403, 201)
