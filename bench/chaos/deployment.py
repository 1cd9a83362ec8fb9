"""Agentarium's processes as an operator starts them; each may be killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from agentarium.cli.serving.local_server import bare_environment

from scripts.services import free_ports

STOP_SECONDS = 60
POLL_SECONDS = 0.1
ROOT = Path(__file__).resolve().parents[2]


class Program:
    """One process that can be killed, paused and started again."""

    def __init__(
        self,
        *arguments: object,
        folder: Path,
        environment: Mapping[str, str],
        open_files: int | None = None,
    ) -> None:
        """`open_files` is the most files that it may open; the shell's by default."""
        self._arguments = [str(each) for each in arguments]
        self._limits = ["prlimit", f"--nofile={open_files}"] if open_files else []
        self._folder = folder
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.is_paused = False
        # Exit codes of processes that ended without being stopped or killed.
        self.unexpected_exit_codes: list[int] = []

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def worker_name(self) -> str:
        """The name under which its worker registers."""
        return f"{socket.gethostname()}:{self.pid}"

    def start(self, *, seconds_ahead: float = 0) -> None:
        """Start it, on request with a wall clock that is ahead."""
        self.is_paused = False
        module = ["agentarium.cli"]
        if seconds_ahead:
            module = ["bench.chaos.shifted_clock", str(seconds_ahead)]
        command = [*self._limits, sys.executable, "-m", *module, *self._arguments]
        with (self._folder / "agentarium.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def kill(self) -> None:
        if self._process:
            self._record_exit()
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _record_exit(self) -> bool:
        """Whether it had ended by itself."""
        assert self._process
        code = self._process.poll()
        if code is not None:
            self.unexpected_exit_codes.append(code)
        return code is not None

    def pause(self) -> int:
        """Suspend the process; returns its pid."""
        self.is_paused = True
        self._send(signal.SIGSTOP)
        return self.pid

    def resume(self) -> None:
        self.is_paused = False
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        # It may have been killed meanwhile.
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def stop(self) -> int:
        """Stop it, by a kill if it takes too long; returns the exit code.

        Returns 0 if it had ended before; `unexpected_exit_codes` has the code.
        """
        assert self._process
        if self._record_exit():
            return 0
        self._process.terminate()
        try:
            return await asyncio.to_thread(self._process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)

    async def wait(self) -> None:
        """Wait until it exits."""
        assert self._process
        await asyncio.to_thread(self._process.wait)


class Deployment:
    """The web process and its workers; embedded, one process that is both.

    `database_urls` are those of the web process and of each worker, if they differ from
    the one in `settings`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        workers: int,
        settings: Mapping[str, str],
        database_urls: Sequence[str] = (),
        open_files: int | None = None,
    ) -> None:
        bare = bare_environment()
        paths = os.pathsep.join([bare["PYTHONPATH"], str(ROOT)])
        environment = {
            **bare,
            "PYTHONPATH": paths,
            "AGENTARIUM_DATA": str(folder / "data"),
            "AGENTARIUM_PORT": str(port),
            "AGENTARIUM_LOG_FORMAT": "json",
            # Rate limits and the numbers of running tasks and streams are not under test.
            "AGENTARIUM_MAX_RUNNING_PER_USER": "0",
            "AGENTARIUM_MAX_STREAMS_PER_USER": "0",
            "AGENTARIUM_RATE_USER": "1000000/min",
            "AGENTARIUM_RATE_ANONYMOUS": "1000000/min",
            "AGENTARIUM_RATE_LOGIN": "1000000/min",
            "AGENTARIUM_RATE_TOKEN": "1000000/min",
            "AGENTARIUM_OUTBOUND_ALLOW": "127.0.0.1",
            # No task may fail because too many of its workers were killed.
            "AGENTARIUM_MAX_ATTEMPTS": "1000",
            **settings,
        }
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment
        own = [{"DATABASE_URL": url} for url in database_urls] or [{}] * (1 + workers)
        self._folder = folder
        serve = ("web",) if workers else ("up", "--no-model")
        self.web, *self.workers = [
            Program(
                *arguments,
                folder=folder,
                environment={**environment, **settings_of_one},
                open_files=open_files,
            )
            for arguments, settings_of_one in zip(
                [serve, *[("worker",)] * workers], own, strict=True
            )
        ]
        self._migrate = Program("migrate", folder=folder, environment=environment)
        # Another server on the same data folder, which is not part of the deployment.
        self.second = Program(
            *serve, "--port", free_ports(1)[0], folder=folder, environment=environment
        )

    @property
    def sqlite_file(self) -> Path:
        """The database of one process."""
        return self._folder / "data" / "agentarium.sqlite3"

    @property
    def programs(self) -> list[Program]:
        return [self.web, *self.workers]

    @property
    def runners(self) -> list[Program]:
        """The programs that run tasks."""
        return self.workers or [self.web]

    async def start(self) -> None:
        """Migrate the database and start the programs; does not wait for them."""
        if self.workers:
            self._migrate.start()
            await self._migrate.wait()
        for program in self.programs:
            program.start()

    async def kill(self) -> None:
        for program in (*self.programs, self.second):
            await program.kill()

    async def wait_until_up(self) -> None:
        """Wait until the web process is healthy."""
        while not await asyncio.to_thread(_is_healthy, f"{self.url}/healthz"):
            await asyncio.sleep(POLL_SECONDS)

    async def stop(self) -> list[int]:
        """Stop all programs; returns their exit codes and the unexpected ones."""
        codes = await asyncio.gather(*(one.stop() for one in self.programs))
        return [
            *codes,
            *(
                code or 1
                for one in (*self.programs, self.second)
                for code in one.unexpected_exit_codes
            ),
        ]


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False
