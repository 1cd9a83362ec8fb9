"""`doctor --url` with a server that is not Agentarium, or whose responses are invalid."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from agentarium.cli.diagnosis import proxy_client
from agentarium.cli.diagnosis.proxy_checks import proxy_checks
from agentarium.cli.diagnosis.start_checks import Check

Respond = Callable[[BaseHTTPRequestHandler], None]


def send(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: object
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(json.dumps(body).encode())


def invalid_cookie(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, {"Set-Cookie": "a,b/c=d; Path=/"}, {})


def redirect_to_an_invalid_url(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 302, {"Location": "http://[/\x1b[2J"}, {})


def redirect_to_a_file(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 302, {"Location": "file:///etc/passwd"}, {})


def json_of_wrong_types(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, {}, {"client_address": [], "forwarded_for": 1})


def deeply_nested_json(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"[" * 500_000)


def redirect_to_invalid_characters(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 302, {"Location": "/\xe9\x7f"}, {})


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"data:" * 20_000)


INVALID = [
    invalid_cookie,
    redirect_to_an_invalid_url,
    redirect_to_a_file,
    redirect_to_invalid_characters,
    json_of_wrong_types,
    deeply_nested_json,
    endless,
]


@contextmanager
def served(respond: Respond) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                respond(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep the test's output free of log lines."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("respond", INVALID)
def test_is_reported_in_limited_time(
    respond: Respond, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_client, "LIMIT_SECONDS", 1)

    with served(respond) as url:
        found = list(proxy_checks(url))

    assert any(check.state == "fail" for check in found)
    assert all(isinstance(check, Check) for check in found)
