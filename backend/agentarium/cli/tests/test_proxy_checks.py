"""`doctor --url`: one real server behind proxies that each get one thing wrong."""

import http.client
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pytest_django import Settings
from typer.testing import Result

from agentarium.cli.diagnosis import checks
from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.tests.conftest import Invoke

KEY = "the-key-of-the-server-and-its-doctor-01234567"
CHECKS = {
    "public URL",
    "scheme",
    "client address",
    "cookies",
    "sign-in",
    "streaming",
    "large requests",
    "metrics",
}


class Proxy(BaseHTTPRequestHandler):
    """A correct reverse proxy: appends to X-Forwarded-For, forwards the Host."""

    protocol_version = "HTTP/1.1"
    port: int

    def do_GET(self) -> None:
        self.pass_on(b"")

    def do_POST(self) -> None:
        self.pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def pass_on(self, body: bytes) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.port)
        upstream.request(self.command, self.path, body or None, self.to_server())
        response = upstream.getresponse()
        self.send_response(response.status)
        for name, value in self.to_client(response.getheaders()):
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.copy(response)
        upstream.close()

    def to_server(self) -> dict[str, str]:
        claimed = self.headers.get("X-Forwarded-For")
        hops = [*([claimed] if claimed else []), self.client_address[0]]
        kept = {n: v for n, v in self.headers.items() if n.lower() != "connection"}
        return {**kept, "X-Forwarded-For": ", ".join(hops)}

    def to_client(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        dropped = ("transfer-encoding", "connection", "content-length")
        return [each for each in headers if each[0].lower() not in dropped]

    def copy(self, response: http.client.HTTPResponse) -> None:
        while piece := response.read1(65_536):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


class Buffering(Proxy):
    def copy(self, response: http.client.HTTPResponse) -> None:
        self.wfile.write(response.read())


class Compressing(Proxy):
    """Like nginx with `gzip_types *`: compresses and sends each chunk."""

    def to_client(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [*super().to_client(headers), ("Content-Encoding", "gzip")]

    def copy(self, response: http.client.HTTPResponse) -> None:
        gzip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        while piece := response.read1(65_536):
            self.wfile.write(gzip.compress(piece) + gzip.flush(zlib.Z_SYNC_FLUSH))
            self.wfile.flush()
        self.wfile.write(gzip.flush())


class RemovingCookies(Proxy):
    def to_client(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [each for each in super().to_client(headers) if each[0] != "set-cookie"]


class ChangingCookies(Proxy):
    def to_client(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [
            (name, value.replace("HttpOnly; ", "") if name == "set-cookie" else value)
            for name, value in super().to_client(headers)
        ]


class OtherHost(Proxy):
    def to_server(self) -> dict[str, str]:
        return {**super().to_server(), "Host": "backend.internal"}


class OtherOrigin(Proxy):
    def to_server(self) -> dict[str, str]:
        return {**super().to_server(), "Origin": "https://elsewhere.example"}


class SmallBodies(Proxy):
    def pass_on(self, body: bytes) -> None:
        if len(body) > 1_000_000:
            self.send_response(413)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().pass_on(body)


class WithMetricsToken(Proxy):
    def to_server(self) -> dict[str, str]:
        return {**super().to_server(), "Authorization": "Bearer metrics"}


class RedirectingToItself(Proxy):
    def pass_on(self, body: bytes) -> None:
        self.send_response(301)
        self.send_header("Location", f"http://{self.headers['Host']}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()


class RedirectingElsewhere(Proxy):
    def pass_on(self, body: bytes) -> None:
        self.send_response(301)
        self.send_header("Location", "https://agents.example.com/")
        self.send_header("Content-Length", "0")
        self.end_headers()


class WithoutServer(Proxy):
    def pass_on(self, body: bytes) -> None:
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    folder: Path = tmp_path_factory.mktemp("server")
    variables = {
        "AGENTARIUM_SECRET_KEY": KEY,
        "AGENTARIUM_TRUSTED_PROXIES": "1",
        "AGENTARIUM_METRICS_TOKEN": "metrics",
    }
    with LocalServer(
        folder, command=("up", "--no-model"), settings=variables
    ) as server:
        yield server


Examine = Callable[[type[Proxy]], dict[str, Any]]


@pytest.fixture
def examine(
    invoke: Invoke,
    settings: Settings,
    server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    db: None,
) -> Examine:
    """Run the doctor through such a proxy; returns the checks by name."""
    settings.SECRET_KEY = KEY

    def call(kind: type[Proxy]) -> dict[str, Any]:
        # The other checks have their own tests.
        monkeypatch.setattr(checks, "CHECKS", ())
        with serving(kind, server.port) as url:
            return found(invoke("doctor", "--json", "--url", url))

    return call


def found(result: Result) -> dict[str, Any]:
    assert "Traceback" not in result.output
    return {check["name"]: check for check in json.loads(result.stdout)}


@contextmanager
def serving(kind: type[Proxy], port: int) -> Iterator[str]:
    handler = type(kind.__name__, (kind,), {"port": port})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        thread = Thread(target=proxy.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}"
        finally:
            proxy.shutdown()
            thread.join()


def test_passes_through_a_correct_proxy(examine: Examine) -> None:
    result = examine(Proxy)

    assert {name: result[name]["state"] for name in CHECKS} == dict.fromkeys(
        CHECKS, "ok"
    )


def test_reads_a_stream_that_the_proxy_compresses(examine: Examine) -> None:
    assert examine(Compressing)["streaming"]["state"] == "ok"


@pytest.mark.parametrize(
    ("kind", "name", "advice"),
    [
        (RedirectingToItself, "public URL", "AGENTARIUM_TRUSTED_PROXIES"),
        (RedirectingElsewhere, "public URL", "AGENTARIUM_URL"),
        (WithoutServer, "public URL", "agentarium web"),
        (OtherHost, "public URL", "AGENTARIUM_ALLOWED_HOSTS"),
        (RemovingCookies, "cookies", "Set-Cookie"),
        (RemovingCookies, "sign-in", "Set-Cookie"),
        (ChangingCookies, "cookies", "Set-Cookie"),
        (OtherOrigin, "sign-in", "AGENTARIUM_URL"),
        (Buffering, "streaming", "proxy_buffering"),
        (SmallBodies, "large requests", "client_max_body_size"),
        (WithMetricsToken, "metrics", "Authorization"),
    ],
)
def test_says_what_to_change(
    examine: Examine, kind: type[Proxy], name: str, advice: str
) -> None:
    check = examine(kind)[name]

    assert check["state"] == "fail"
    assert advice in check["advice"]


def test_fails_if_more_proxies_are_trusted_than_exist(
    invoke: Invoke, settings: Settings, server: LocalServer, db: None
) -> None:
    settings.SECRET_KEY = KEY

    result = found(invoke("doctor", "--json", "--url", server.url))

    assert result["client address"]["state"] == "fail"
    assert result["client address"]["advice"].endswith(
        "AGENTARIUM_TRUSTED_PROXIES to 0."
    )


def test_reports_a_server_with_another_secret_key(
    invoke: Invoke, settings: Settings, server: LocalServer, db: None
) -> None:
    settings.SECRET_KEY = KEY[::-1]

    result = found(invoke("doctor", "--json", "--url", server.url))

    assert "AGENTARIUM_SECRET_KEY" in result["server"]["advice"]


def test_reports_a_url_that_cannot_be_reached(invoke: Invoke, db: None) -> None:
    result = invoke("doctor", "--json", "--url", "http://127.0.0.1:1")

    assert result.exit_code == 1
    assert "refused" in found(result)["public URL"]["detail"]


def test_rejects_an_invalid_url(invoke: Invoke, db: None) -> None:
    result = invoke("doctor", "--url", "agents.example.com")

    assert result.exit_code == 2
    assert result.stderr.startswith("--url has no scheme")
