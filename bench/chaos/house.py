"""Agentarium's own processes, as an operator starts them, each of which may be killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from agentarium.cli.serving.local_server import bare_environment

STOP_SECONDS = 60
LOOK_SECONDS = 0.1


class Program:
    """One process; killed, it is started again at once."""

    def __init__(
        self, *arguments: object, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._command = [sys.executable, "-m", "agentarium.cli", *map(str, arguments)]
        self._folder = folder
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.is_paused = False
        # With what it ended though nobody had told it to.
        self.deaths: list[int] = []

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def worker_name(self) -> str:
        """What its worker calls itself."""
        return f"{socket.gethostname()}:{self.pid}"

    def start(self) -> None:
        self.is_paused = False
        with (self._folder / "house.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def kill(self) -> None:
        if self._process:
            self._note_death()
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _note_death(self) -> bool:
        assert self._process
        code = self._process.poll()
        if code is not None:
            self.deaths.append(code)
        return code is not None

    def pause(self) -> int:
        """Stop it where it is; which process that was."""
        self.is_paused = True
        self._send(signal.SIGSTOP)
        return self.pid

    def go_on(self) -> None:
        self.is_paused = False
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        # It may be killed in this very moment.
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def stop(self) -> int:
        """Have it end in order; its exit code, or that of the kill it took.

        0 if it had ended before, which is among the deaths.
        """
        assert self._process
        if self._note_death():
            return 0
        self._process.terminate()
        try:
            return await asyncio.to_thread(self._process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)

    async def wait(self) -> None:
        """For its own end."""
        assert self._process
        await asyncio.to_thread(self._process.wait)


class House:
    """The web process and its workers; embedded, the one process that is both."""

    def __init__(
        self, folder: Path, *, port: int, workers: int, settings: Mapping[str, str]
    ) -> None:
        environment = {
            **bare_environment(),
            "AGENTARIUM_DATA": str(folder / "data"),
            "AGENTARIUM_PORT": str(port),
            "AGENTARIUM_LOG_FORMAT": "json",
            # What is asked here is not how much a person may ask.
            "AGENTARIUM_RATE_USER": "1000000/min",
            "AGENTARIUM_RATE_ANONYMOUS": "1000000/min",
            "AGENTARIUM_RATE_LOGIN": "1000000/min",
            "AGENTARIUM_RATE_TOKEN": "1000000/min",
            "AGENTARIUM_OUTBOUND_ALLOW": "127.0.0.1",
            # Nothing may end because too many of its workers were killed.
            "AGENTARIUM_MAX_ATTEMPTS": "1000",
            **settings,
        }
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment
        serve = ("web",) if workers else ("up", "--no-model")
        self.web = Program(*serve, folder=folder, environment=environment)
        self.workers = [
            Program("worker", folder=folder, environment=environment)
            for _ in range(workers)
        ]
        self._migrate = Program("migrate", folder=folder, environment=environment)

    @property
    def programs(self) -> list[Program]:
        return [self.web, *self.workers]

    @property
    def executing(self) -> list[Program]:
        """Those that hold tasks."""
        return self.workers or [self.web]

    async def start(self) -> None:
        """Bring the database up, and start each process; they answer soon after."""
        if self.workers:
            self._migrate.start()
            await self._migrate.wait()
        for program in self.programs:
            program.start()

    async def kill(self) -> None:
        for program in self.programs:
            await program.kill()

    async def wait_until_up(self) -> None:
        """Until the web process answers; whoever kills it meanwhile starts it again."""
        while not await asyncio.to_thread(_answers, f"{self.url}/healthz"):
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self) -> list[int]:
        """End all of it in order; the exit codes, and those of unasked ends before."""
        codes = await asyncio.gather(*(one.stop() for one in self.programs))
        return [*codes, *(code or 1 for one in self.programs for code in one.deaths)]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
