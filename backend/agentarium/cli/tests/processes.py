"""Programs of ours as processes of their own, as operators start them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agentarium.cli.api_client import ApiClient
from agentarium.cli.local_server import LocalServer

DEADLINE_SECONDS = 60
STOP_SECONDS = 30
PASSWORD = "correct-horse-battery"

Process = subprocess.Popen[bytes]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "agentarium.cli", *map(str, arguments)]


def run(
    *arguments: object, cwd: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """One command, to its end."""
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
def beside(server: LocalServer, *arguments: object, log: Path) -> Iterator[Process]:
    """Another program on the same data as `server`."""
    with started(arguments, environment=server.environment, log=log) as process:
        yield process


@contextmanager
def started(
    arguments: Iterable[object], *, environment: Mapping[str, str], log: Path
) -> Iterator[Process]:
    """A command that lives until the end of the block, or until it ends by itself."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command(*arguments),
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
    """Its exit code after SIGTERM."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_SECONDS)


def until(condition: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def sign_up(server: LocalServer) -> ApiClient:
    api = ApiClient(server.url)
    account = {"username": "ann", "password": PASSWORD}
    api.post("/api/auth/register/", email="ann@example.com", **account)
    return sign_in(server)


def sign_in(server: LocalServer) -> ApiClient:
    api = ApiClient(server.url)
    pair = api.post("/api/auth/token/", username="ann", password=PASSWORD)
    return api.signed_in(pair["access"])


def make_agent(api: ApiClient) -> int:
    agent = api.post("/api/agents/", name="Fake", model="openai:fake")
    return int(agent["id"])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
