"""Commands as separate processes, as operators start them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agentarium.cli.demo.api_client import ApiClient
from agentarium.cli.serving.local_server import LocalServer
from agentarium.tests.eventually import eventually_sync

DEADLINE_SECONDS = 60
STOP_SECONDS = 30
PASSWORD = "correct-horse-battery"

Process = subprocess.Popen[bytes]


def command(*arguments: object, module: str = "agentarium.cli") -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def run(
    *arguments: object, cwd: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run one command until it exits."""
    return subprocess.run(  # noqa: S603
        command(*arguments),
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


@contextmanager
def companion(server: LocalServer, *arguments: object, log: Path) -> Iterator[Process]:
    """Run another command with the settings and data of `server`."""
    with started(arguments, environment=server.environment, log=log) as process:
        yield process


@contextmanager
def started(
    arguments: Iterable[object],
    *,
    environment: Mapping[str, str],
    log: Path,
    module: str = "agentarium.cli",
) -> Iterator[Process]:
    """Run a command until the end of the block, or until it exits."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command(*arguments, module=module),
            cwd=log.parent,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def end(process: Process) -> int:
    """Send SIGTERM, and return the exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_SECONDS)


def wait_for_log(text: str, log: Path) -> None:
    """Wait until a process has logged this text."""
    eventually_sync(
        f"{text!r} in {log.name}",
        lambda: text in log.read_text(),
        seconds=DEADLINE_SECONDS,
    )


def wait_for_status(api: ApiClient, path: str, *statuses: str) -> None:
    """Wait until the task at `path` has one of these statuses."""
    eventually_sync(
        f"{path} to be {' or '.join(statuses)}",
        lambda: api.get(path)["status"] in statuses,
        seconds=DEADLINE_SECONDS,
    )


def sign_up(server: LocalServer) -> ApiClient:
    api = ApiClient(server.url)
    account = {"username": "ann", "password": PASSWORD}
    api.post("/api/auth/register/", email="ann@example.com", **account)
    return sign_in(server)


def sign_in(server: LocalServer) -> ApiClient:
    api = ApiClient(server.url)
    pair = api.post("/api/auth/token/", username="ann", password=PASSWORD)
    return api.with_token(pair["access"])


def make_agent(api: ApiClient) -> int:
    agent = api.post("/api/agents/", name="Fake", model="openai:fake")
    return int(agent["id"])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
