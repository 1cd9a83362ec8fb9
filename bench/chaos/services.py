"""A PostgreSQL and a Redis that can be taken away and brought back."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scripts import services as beside


class Service:
    """A server program that is killed, not asked to end."""

    url = ""

    def __init__(
        self,
        command: Sequence[object],
        *,
        is_ready: Callable[[], bool],
        kill_signal: signal.Signals,
    ) -> None:
        self._command = command
        self._is_ready = is_ready
        self._kill_signal = kill_signal
        self._account = beside.unprivileged_account()
        self._life = ExitStack()

    async def start(self) -> None:
        await asyncio.to_thread(self._start)

    async def kill(self) -> None:
        await asyncio.to_thread(self._life.close)

    def _start(self) -> None:
        self._life.enter_context(
            beside.server(
                self._command,
                self._account,
                is_ready=self._is_ready,
                stop_signal=self._kill_signal,
            )
        )


class Redis(Service):
    """Forgets all when it dies."""

    def __init__(self, folder: Path, port: int) -> None:
        data = beside.own_folder(folder / "redis", beside.unprivileged_account())
        options = ("--bind", "127.0.0.1", "--port", port, "--dir", data)
        super().__init__(
            ["redis-server", *options, "--save", "", "--appendonly", "no"],
            is_ready=lambda: beside.answers_ping(port),
            kill_signal=signal.SIGKILL,
        )
        self.url = f"redis://127.0.0.1:{port}"


class PostgreSQL(Service):
    """Ends in immediate mode: what was not committed is gone, and the rest is there.

    Its commits do not wait for the disk, only for the operating system, which lives.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._binaries = beside.postgresql_binaries()
        account = beside.unprivileged_account()
        self._data = beside.own_folder(folder / "postgresql", account)
        self._client = [
            "--host=127.0.0.1",
            f"--port={port}",
            f"--username={beside.ROLE}",
        ]
        settings: dict[str, Any] = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        ask = [self._binaries / "pg_isready", "--quiet", *self._client]
        super().__init__(
            [self._binaries / "postgres", "-D", self._data, *options],
            is_ready=lambda: beside.succeeds(ask),
            kill_signal=signal.SIGQUIT,
        )
        self.url = f"postgres://{beside.ROLE}@127.0.0.1:{port}/{beside.ROLE}"

    async def create(self) -> None:
        """Make the database, and start it for the first time."""
        form = ("--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync")
        await asyncio.to_thread(
            beside.once,
            [
                self._binaries / "initdb",
                f"--pgdata={self._data}",
                f"--username={beside.ROLE}",
                *form,
            ],
            self._account,
        )
        await self.start()
        await asyncio.to_thread(
            beside.once,
            [self._binaries / "createdb", *self._client, beside.ROLE],
            self._account,
        )
