import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings
from typer.testing import Result

from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests import processes
from agentarium.cli.tests.conftest import Invoke
from agentarium.db import clock, pooler
from agentarium.db.pooler import Pooler
from agentarium.providers import access
from agentarium.runtime.providers import PROVIDERS
from agentarium.worker.leases import register_worker


def states(result: Result) -> dict[str, str]:
    return {check["name"]: check["state"] for check in json.loads(result.stdout)}


def check_of(result: Result, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return next(check for check in found if check["name"] == name)


@pytest.fixture(autouse=True)
def data(settings: Settings, tmp_path: Path, db: None) -> Path:
    settings.DATA = tmp_path
    settings.SECRET_KEY_FILE = tmp_path / "secret_key"
    settings.PAGE_ROOT = tmp_path
    (tmp_path / "index.html").touch()
    settings.SECRET_KEY_FILE.touch(mode=0o600)
    settings.PROVIDERS = {
        name: {"api_key": "", "base_url": ""} for name in settings.PROVIDERS
    }
    return tmp_path


def test_passes_on_a_healthy_installation(invoke: Invoke) -> None:
    register_worker(capacity=7)

    result = invoke("doctor", "--json")

    assert result.exit_code == 0
    found = states(result)
    local = ("python", "data folder", "database", "tables", "page", "secret key")
    assert {found[name] for name in (*local, "clock", "workers", "broker")} == {"ok"}


def test_prints_the_advice(invoke: Invoke) -> None:
    result = invoke("doctor")

    assert result.exit_code == 0
    assert "none is alive" in result.stdout
    assert "Start `agentarium" in result.stdout


def test_fails_if_the_data_folder_is_not_writable(
    invoke: Invoke, settings: Settings, data: Path
) -> None:
    # A file in place of the folder: not even root can write into it.
    settings.DATA = data / "index.html"

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert states(result)["data folder"] == "fail"
    assert check_of(result, "data folder")["advice"]


@pytest.mark.parametrize(
    ("found", "state"), [(Pooler.FORGETFUL, "warn"), (Pooler.SHARING, "ok")]
)
def test_says_which_pooler_is_before_the_database(
    invoke: Invoke, found: Pooler, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooler, "_found", found)

    result = invoke("doctor", "--json")

    assert result.exit_code == 0
    assert states(result)["pooler"] == state


def test_says_what_to_set_for_a_pooler_that_forgets_statements(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooler, "_found", Pooler.FORGETFUL)

    assert "?prepare_threshold=never" in invoke("doctor").stdout


def test_fails_if_the_tables_are_of_a_newer_version(invoke: Invoke) -> None:
    MigrationRecorder.Migration.objects.create(app="tasks", name="9999_future")

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert states(result)["tables"] == "fail"


def test_fails_if_the_tables_are_of_an_older_version(invoke: Invoke) -> None:
    MigrationRecorder.Migration.objects.filter(app="tasks").delete()

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert "agentarium migrate" in check_of(result, "tables")["advice"]


def test_warns_of_a_key_that_others_can_read_and_a_page_that_is_not_built(
    invoke: Invoke, data: Path
) -> None:
    (data / "secret_key").chmod(0o644)
    (data / "index.html").unlink()

    result = invoke("doctor", "--json")

    assert result.exit_code == 0
    assert states(result)["privacy"] == "warn"
    assert states(result)["page"] == "warn"


def test_warns_of_a_clock_that_is_not_the_databases(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "machine_seconds", lambda: time.time() - 3600)

    result = invoke("doctor", "--json")

    assert result.exit_code == 0
    assert states(result)["clock"] == "warn"
    assert "-3,600" in check_of(result, "clock")["detail"]


def test_warns_of_an_https_address_without_a_trusted_proxy(
    invoke: Invoke, settings: Settings
) -> None:
    settings.PUBLIC_URL, settings.HTTPS = "https://agents.example.com", True
    settings.TRUSTED_PROXIES = 0
    without = invoke("doctor", "--json")
    settings.TRUSTED_PROXIES = 1

    result = invoke("doctor", "--json")

    assert without.exit_code == 0
    assert check_of(without, "address")["state"] == "warn"
    assert "AGENTARIUM_TRUSTED_PROXIES" in check_of(without, "address")["advice"]
    assert check_of(result, "address")["state"] == "ok"


def test_reports_a_broker_and_a_redis_that_are_away(
    invoke: Invoke, settings: Settings
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"redis://:hidden@127.0.0.1:{reserved.getsockname()[1]}/0"
        settings.BROKER_URL = settings.REDIS_URL = url

        result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert states(result)["broker"] == "warn"
    assert states(result)["redis"] == "fail"
    assert "hidden" not in result.output


def test_reports_unknown_options_of_a_broker_and_a_redis(
    invoke: Invoke, settings: Settings
) -> None:
    settings.EMBEDDED = False
    settings.BROKER_URL = settings.REDIS_URL = "redis://127.0.0.1:1/0?nonsense=1"

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    for name in ("broker", "redis"):
        found = check_of(result, name)
        assert found["state"] == "fail"
        assert "nonsense" in found["detail"]


def test_warns_if_no_provider_is_configured(invoke: Invoke) -> None:
    assert check_of(invoke("doctor", "--json"), "providers")["state"] == "warn"


class TestProviders:
    """A local server stands in for each provider's list of models."""

    @pytest.mark.parametrize("name", ["openai", "anthropic", "google", "mistral"])
    @pytest.mark.parametrize(
        ("answer", "state", "reason"),
        [
            ((200, b'{"data": [{"id": "one"}]}'), "ok", "answers"),
            ((200, b'{"models": [{"name": "models/one"}]}'), "ok", "answers"),
            ((401, b"{}"), "fail", "did not accept the key"),
            ((200, b"<html>"), "fail", "did not return a list of models"),
            ((500, b""), "fail", "temporarily unavailable"),
        ],
    )
    def test_are_checked_by_listing_their_models(
        self,
        invoke: Invoke,
        settings: Settings,
        name: str,
        answer: tuple[int, bytes],
        state: str,
        reason: str,
    ) -> None:
        with answering(*answer) as url:
            settings.PROVIDERS[name] = {"api_key": "sk-secret", "base_url": url}
            result = invoke("doctor", "--json")

        check = check_of(result, PROVIDERS[name].title)
        assert check["state"] == state
        assert reason in check["detail"]
        assert "sk-secret" not in result.output
        assert result.exit_code == (state == "fail")

    def test_that_cannot_be_reached_are_reported_with_their_address(
        self, invoke: Invoke, settings: Settings
    ) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
            settings.PROVIDERS["openai"] = {"api_key": "sk-secret", "base_url": url}
            result = invoke("doctor", "--json")

        check = check_of(result, "OpenAI")
        assert check["state"] == "fail"
        assert url in check["detail"]
        assert "OPENAI_BASE_URL" in check["advice"]

    def test_that_do_not_respond_run_into_a_timeout(
        self, invoke: Invoke, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(access, "LIMIT_SECONDS", 0.1)
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            settings.PROVIDERS["openai"] = {"api_key": "sk-secret", "base_url": url}
            result = invoke("doctor", "--json")

        assert "within 0.1 seconds" in check_of(result, "OpenAI")["detail"]


@pytest.mark.parametrize("command", ["doctor", "migrate", "web"])
def test_says_what_to_do_about_a_damaged_database(tmp_path: Path, command: str) -> None:
    file = tmp_path / "data" / "agentarium.sqlite3"
    file.parent.mkdir(mode=0o700)
    file.write_bytes(b"no database " * 1000)
    environment = {**bare_environment(), "AGENTARIUM_DATA": str(file.parent)}

    result = processes.run(
        command, cwd=tmp_path, environment={**environment, "AGENTARIUM_PORT": "0"}
    )

    assert result.returncode == 1
    assert "estore it from a backup" in result.stdout + result.stderr
    assert "Start it" not in result.stdout
    assert "Traceback" not in result.stderr


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that answers every request with this status and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
