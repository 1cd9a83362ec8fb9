"""`agentarium up` as a process: accepted tasks survive its stops and crashes."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentarium.cli.serving.local_server import LocalServer, bare_environment
from agentarium.cli.tests import processes

SLOW = json.dumps({"fake": {"text": "slow " * 40, "pieces": 40, "delay": 0.1}})
ENDED = ("completed", "failed", "cancelled")
QUICK_LEASE = {"AGENTARIUM_LEASE_SECONDS": "3"}


@pytest.fixture
def server(tmp_path: Path, provider: dict[str, str]) -> Iterator[LocalServer]:
    with LocalServer(
        tmp_path, command=("up", "--no-model"), settings=provider | QUICK_LEASE
    ) as server:
        yield server


def test_starts_in_an_empty_folder_prints_its_url_and_keeps_its_data(
    server: LocalServer, tmp_path: Path
) -> None:
    first_log = server.log_tail
    api = processes.sign_up(server)
    agents = api.get("/api/agents/")

    started_at = time.monotonic()
    first_code = server.stop()
    stopped_in = time.monotonic() - started_at
    server.start()

    assert server.url in first_log
    assert str(tmp_path / "data") in first_log
    assert "createuser" in first_log
    assert (first_code, stopped_in < 10) == (0, True)
    assert processes.sign_in(server).get("/api/agents/") == agents
    assert [row["name"] for row in agents["results"]] == ["Assistant"]
    assert server.stop(signal.SIGINT) == 0


def test_does_not_start_twice_on_one_port(server: LocalServer, tmp_path: Path) -> None:
    result = processes.run("up", cwd=tmp_path, environment=server.environment)

    assert result.returncode == 1
    assert str(server.port) in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_stops_gracefully_while_a_task_runs_and_resumes_it_after_a_restart(
    server: LocalServer,
) -> None:
    api = processes.sign_up(server)
    agent = processes.make_agent(api)
    task = api.post("/api/tasks/run/", agent=agent, input_text=SLOW)
    path = f"/api/tasks/{task['id']}/"
    next(e for e in api.events(f"{path}events/") if e.type == "text.delta")

    code = server.stop()
    server.start()

    assert code == 0
    api = processes.sign_in(server)
    processes.wait_for_status(api, path, *ENDED)
    assert api.get(path)["status"] == "completed"
    assert api.get(path)["output_text"] == "slow " * 40


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_grace_period(
    tmp_path: Path, provider: dict[str, str], number: signal.Signals
) -> None:
    """The grace period is longer than a test may take."""
    settings = {**provider, "AGENTARIUM_STOP_GRACE_SECONDS": "600"}
    command = ("up", "--no-model")
    with LocalServer(tmp_path, command=command, settings=settings) as server:
        api = processes.sign_up(server)
        agent = processes.make_agent(api)
        task = api.post("/api/tasks/run/", agent=agent, input_text=SLOW)
        path = f"/api/tasks/{task['id']}/"
        processes.wait_for_status(api, path, "running")
        os.kill(server.pid, number)
        processes.wait_for_log("worker.stopping", tmp_path / "server.log")
        os.kill(server.pid, number)
        code = server.stop()
        server.start()
        api = processes.sign_in(server)
        processes.wait_for_status(api, path, *ENDED)

    assert code == 0


def test_does_not_wait_for_tools_that_are_being_tried(
    tmp_path: Path, provider: dict[str, str]
) -> None:
    settings = provider | {"AGENTARIUM_OUTBOUND_ALLOW": "127.0.0.1"}
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        LocalServer(
            tmp_path, command=("up", "--no-model"), settings=settings
        ) as server,
        ThreadPoolExecutor() as pool,
    ):
        silent.settimeout(processes.DEADLINE_SECONDS)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        api = processes.sign_up(server)
        tool = api.post("/api/http-tools/", name="t", method="GET", url_template=url)
        mcp_server = api.post("/api/mcp-servers/", name="s", url=url)
        tried = pool.submit(api.post, f"/api/http-tools/{tool['id']}/test/")
        refreshed = pool.submit(
            api.post, f"/api/mcp-servers/{mcp_server['id']}/refresh/"
        )
        with silent.accept()[0], silent.accept()[0]:
            started_at = time.monotonic()
            code = server.stop()
            stopped_in = time.monotonic() - started_at

    assert (code, stopped_in < 10) == (0, True)
    for error in (tried.exception(), refreshed.exception()):
        assert "shutting down" in str(error)


def test_resumes_a_task_immediately_after_it_was_killed(
    tmp_path: Path, provider: dict[str, str]
) -> None:
    """The lease is longer than a test may take, so waiting for its end would fail."""
    settings = {**provider, "AGENTARIUM_LEASE_SECONDS": "600"}
    command = ("up", "--no-model")
    with LocalServer(tmp_path, command=command, settings=settings) as server:
        _assert_completes_after_a_kill(server)


def _assert_completes_after_a_kill(server: LocalServer) -> None:
    api = processes.sign_up(server)
    agent = processes.make_agent(api)
    task = api.post("/api/tasks/run/", agent=agent, input_text=SLOW)
    path = f"/api/tasks/{task['id']}/"
    next(e for e in api.events(f"{path}events/") if e.type == "text.delta")

    server.kill()
    server.start()

    api = processes.sign_in(server)
    processes.wait_for_status(api, path, *ENDED)
    ended = api.get(path)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    assert ended["output_text"] == "slow " * 40


def test_refuses_a_port_in_use_before_it_touches_the_data(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = processes.run(
            "up",
            f"--port={port}",
            cwd=tmp_path,
            environment=bare_environment(),
        )

    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert str(port) in result.stderr
    assert not (tmp_path / "data" / "agentarium.sqlite3").exists()


def test_web_refuses_an_empty_database(tmp_path: Path) -> None:
    server = LocalServer(tmp_path, settings={})

    result = processes.run("web", cwd=tmp_path, environment=server.environment)

    assert result.returncode == 1
    assert "agentarium migrate" in result.stderr
    assert len(result.stderr.splitlines()) == 1


class TestEnvironmentFile:
    def test_is_read_for_variables_that_are_not_set(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text(
            f"AGENTARIUM_DATA={tmp_path / 'theirs'}\nOPENAI_API_KEY=sk-file\n"
            "OPENAI_BASE_URL=http://127.0.0.1:1/v1\n"
        )
        plain = bare_environment() | {"OPENAI_API_KEY": "sk-environment"}

        result = processes.run("doctor", "--json", cwd=tmp_path, environment=plain)

        checks = {check["name"]: check for check in json.loads(result.stdout)}
        assert str(tmp_path / "theirs") in checks["data folder"]["detail"]
        assert "127.0.0.1:1" in checks["OpenAI"]["detail"]
        assert checks["tables"]["state"] == "fail"
        assert result.returncode == 1

    def test_with_an_invalid_value_causes_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("AGENTARIUM_PORT=eight\n")

        result = processes.run("tasks", cwd=tmp_path, environment=bare_environment())

        assert result.returncode == 2
        assert "AGENTARIUM_PORT" in result.stderr
        assert len(result.stderr.splitlines()) == 1
