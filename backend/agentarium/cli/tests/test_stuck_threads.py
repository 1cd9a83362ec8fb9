"""A process whose threads do not come back ends all the same, and says so."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.tests import processes
from agentarium.cli.tests.stuck_program import STUCK, STUCK_PATH

NO_GRACE = {"AGENTARIUM_STOP_GRACE_SECONDS": "0", "AGENTARIUM_LOG_FORMAT": "json"}


@pytest.fixture
def server(tmp_path: Path, services: dict[str, str]) -> LocalServer:
    """Its settings, for the processes of the tests; it is not started."""
    server = LocalServer(tmp_path, settings=services | NO_GRACE)
    processes.run("migrate", cwd=tmp_path, environment=server.environment)
    return server


@contextmanager
def sticking(
    what: str, *command: str, server: LocalServer
) -> Iterator[processes.Process]:
    module = "agentarium.cli.tests.stuck_program"
    environment = server.environment
    with processes.started(
        [what, *command], environment=environment, log=log_of(server), module=module
    ) as process:
        yield process


def log_of(server: LocalServer) -> Path:
    return Path(server.environment["AGENTARIUM_DATA"]).with_name("stuck.log")


def reports_in(log: Path) -> list[dict[str, Any]]:
    """The log lines that say so, among those that are JSON."""
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    entries = [orjson.loads(line) for line in lines]
    return [entry for entry in entries if entry["event"] == "process.stuck"]


def test_a_web_process_with_a_stuck_request_ends_with_status_1(
    server: LocalServer,
) -> None:
    log = log_of(server)
    with sticking("requests", "web", server=server) as process:
        processes.wait_for_log("Serving on", log)
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            request = f"GET {STUCK_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            client.sendall(request.encode())
            processes.wait_for_log(STUCK, log)
            code = processes.end(process)

    (report,) = reports_in(log)
    assert code == 1
    assert report["waited_for"] == "the shutdown of the server"
    assert "agentarium-web_0" in report["threads"]


def test_a_worker_with_a_stuck_database_thread_ends_with_status_1(
    server: LocalServer,
) -> None:
    log = log_of(server)
    with sticking("claims", "worker", server=server) as process:
        processes.wait_for_log(STUCK, log)
        code = processes.end(process)

    (report,) = reports_in(log)
    assert code == 1
    assert report["waited_for"] == "the shutdown of the runner"
    assert "runner_0" in report["threads"]
