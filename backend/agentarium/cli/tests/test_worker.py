"""`agentarium web` and `agentarium worker` as separate processes."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest
from celery import current_app

from agentarium.cli.serving import worker as program
from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.tests import processes
from agentarium.tests.eventually import eventually_sync

STREAMED = json.dumps(
    {"fake": {"text": "one two three four", "pieces": 4, "delay": 0.1}}
)
SLOW = json.dumps({"fake": {"text": "slow " * 100, "pieces": 100, "delay": 0.2}})
SHORT_GRACE = {"AGENTARIUM_STOP_GRACE_SECONDS": "1"}


@pytest.fixture
def dead_broker() -> Iterator[str]:
    """A broker's URL at which no program listens during the test."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{reserved.getsockname()[1]}/0"


@contextmanager
def web_server(folder: Path, settings: dict[str, str]) -> Iterator[LocalServer]:
    """`agentarium web`, after `agentarium migrate`."""
    server = LocalServer(folder, command=("web",), settings=settings)
    migrated = processes.run("migrate", cwd=folder, environment=server.environment)
    assert migrated.returncode == 0
    with server:
        yield server


def test_runs_a_task_that_the_web_process_accepts_and_streams(
    tmp_path: Path,
    services: dict[str, str],
    provider: dict[str, str],
    dead_broker: str,
) -> None:
    # On SQLite, setting a broker keeps the web process from running the task.
    extra = {"AGENTARIUM_BROKER_URL": dead_broker} | services
    with web_server(tmp_path, provider | extra) as server:
        api = processes.sign_up(server)
        agent = processes.make_agent(api)
        task = api.post("/api/tasks/run/", agent=agent, input_text=STREAMED)
        pending = api.get(f"/api/tasks/{task['id']}/")["status"]
        log = tmp_path / "worker.log"
        with processes.companion(server, "worker", "--capacity=5", log=log) as worker:
            events = list(api.events(f"/api/tasks/{task['id']}/events/"))
            worker_code = processes.end(worker)
        server_code = server.stop()

    pieces = [e.data["text"] for e in events if e.type == "text.delta"]
    assert pending == "pending"
    assert "".join(pieces) == "one two three four"
    assert [e.type for e in events if e.type != "text.delta"] == [
        "task.created",
        "attempt.started",
        "step.completed",
        "task.completed",
    ]
    assert (worker_code, server_code) == (0, 0)


def test_starts_and_runs_tasks_while_broker_and_redis_are_away(
    tmp_path: Path,
    services: dict[str, str],
    provider: dict[str, str],
    dead_broker: str,
) -> None:
    away = {"AGENTARIUM_BROKER_URL": dead_broker, "AGENTARIUM_REDIS_URL": dead_broker}
    with web_server(tmp_path, provider | services | away) as server:
        api = processes.sign_up(server)
        agent = processes.make_agent(api)
        log = tmp_path / "worker.log"
        with processes.companion(server, "worker", log=log) as worker:
            task = api.post("/api/tasks/run/", agent=agent, input_text="Hello")
            path = f"/api/tasks/{task['id']}/"
            processes.wait_for_status(api, path, "completed")
            codes = processes.end(worker), server.stop()

    assert codes == (0, 0)


def test_restarts_celery_when_it_stops_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery may stop when its broker dies; the runner keeps running."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(program, "RESTART_SECONDS", 0)
    stop_request, runner = program.StopRequest(), Mock()
    started: list[int] = []

    class Breaking:
        exitcode = 0

        def __init__(self, **_: object) -> None:
            pass

        def start(self) -> None:
            started.append(runner.stop.call_count)
            if len(started) == 3:
                stop_request.received.set()

    monkeypatch.setattr(current_app, "Worker", Breaking)
    program._forward_wake_ups(runner, stop_request)

    assert started == [0, 0, 0]


def test_releases_tasks_that_do_not_finish_in_the_grace_period(
    tmp_path: Path,
    services: dict[str, str],
    provider: dict[str, str],
    dead_broker: str,
) -> None:
    extra = {"AGENTARIUM_BROKER_URL": dead_broker} | services
    with web_server(tmp_path, provider | extra | SHORT_GRACE) as server:
        api = processes.sign_up(server)
        agent = processes.make_agent(api)
        task = api.post("/api/tasks/run/", agent=agent, input_text=SLOW)
        path = f"/api/tasks/{task['id']}/"
        log = tmp_path / "worker.log"
        with processes.companion(server, "worker", log=log) as worker:
            processes.wait_for_status(api, path, "running")
            code = processes.end(worker)
        released = api.get(path)

    assert code == 0
    assert (released["status"], released["attempt"]) == ("pending", 1)


@pytest.mark.parametrize("options", [[], ["--processes=1"]])
def test_a_second_signal_ends_the_grace_period(
    tmp_path: Path,
    services: dict[str, str],
    provider: dict[str, str],
    dead_broker: str,
    options: list[str],
) -> None:
    """The grace period is longer than a test may take."""
    extra = {
        "AGENTARIUM_BROKER_URL": dead_broker,
        "AGENTARIUM_STOP_GRACE_SECONDS": "600",
    }
    with web_server(tmp_path, provider | extra | services) as server:
        api = processes.sign_up(server)
        agent = processes.make_agent(api)
        task = api.post("/api/tasks/run/", agent=agent, input_text=SLOW)
        path = f"/api/tasks/{task['id']}/"
        log = tmp_path / "worker.log"
        arguments = ["worker", *options]
        with processes.companion(server, *arguments, log=log) as worker:
            processes.wait_for_status(api, path, "running")
            worker.send_signal(signal.SIGTERM)
            processes.wait_for_log("worker.stopping", log)
            code = processes.end(worker)
        released = api.get(path)

    assert code == 0
    assert (released["status"], released["attempt"]) == ("pending", 1)


def test_the_supervisor_replaces_a_dead_process_and_stops_all_of_them(
    tmp_path: Path, services: dict[str, str], provider: dict[str, str]
) -> None:
    # Without services the workers poll.
    server = LocalServer(tmp_path, settings=provider | services)
    processes.run("migrate", cwd=tmp_path, environment=server.environment)
    log = tmp_path / "worker.log"
    with processes.companion(server, "worker", "--processes=2", log=log) as supervisor:
        eventually_sync("two workers", lambda: started(log) >= 2, seconds=60)
        victim = children(supervisor.pid)[0]
        processes.kill(victim)
        eventually_sync("a third worker", lambda: started(log) >= 3, seconds=60)
        left = children(supervisor.pid)
        code = processes.end(supervisor)

    assert len(left) == 2
    assert victim not in left
    assert code == 0
    assert not [pid for pid in left if processes.is_alive(pid)]


def started(log: Path) -> int:
    return log.read_text().count("worker.started")


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


@pytest.mark.parametrize("processes_option", [[], ["--processes=2"]])
def test_starts_even_if_the_model_cannot_be_downloaded(
    tmp_path: Path, services: dict[str, str], processes_option: list[str]
) -> None:
    chosen = {"AGENTARIUM_BUILTIN_MODEL_WEIGHTS": str(tmp_path / "none.gguf")}
    log = tmp_path / "worker.log"
    with (
        web_server(tmp_path, services | chosen) as server,
        processes.companion(
            server, "worker", "--model", *processes_option, log=log
        ) as worker,
    ):
        processes.wait_for_log("worker.started", log)
        code = processes.end(worker)

    assert code == 0
    assert log.read_text().count("The built-in model is unavailable.") == 1
