"""A PostgreSQL and a Redis that can be killed and started again."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scripts import services


def redis_url(port: int) -> str:
    return f"redis://127.0.0.1:{port}"


def postgresql_url(port: int) -> str:
    return f"postgres://{services.ROLE}@127.0.0.1:{port}/{services.ROLE}"


class Service:
    """A server that is killed, not shut down."""

    url = ""
    port = 0

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
        self._account = services.unprivileged_account()
        self._running = ExitStack()

    async def start(self) -> None:
        await asyncio.to_thread(self._start)

    async def kill(self) -> None:
        await asyncio.to_thread(self._running.close)

    def _start(self) -> None:
        self._running.enter_context(
            services.server(
                self._command,
                self._account,
                is_ready=self._is_ready,
                stop_signal=self._kill_signal,
            )
        )


class Redis(Service):
    """A Redis that loses its data when it is killed."""

    def __init__(self, folder: Path, port: int) -> None:
        data = services.own_folder(folder / "redis", services.unprivileged_account())
        options = ("--bind", "127.0.0.1", "--port", port, "--dir", data)
        super().__init__(
            ["redis-server", *options, "--save", "", "--appendonly", "no"],
            is_ready=lambda: services.answers_ping(port),
            kill_signal=signal.SIGKILL,
        )
        self.port = port
        self.url = redis_url(port)


class PostgreSQL(Service):
    """A PostgreSQL that is shut down in immediate mode, which keeps committed data.

    With `fsync` off a commit reaches the operating system only; that is not killed.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._binaries = services.postgresql_binaries()
        account = services.unprivileged_account()
        self._data = services.own_folder(folder / "postgresql", account)
        self._client = [
            "--host=127.0.0.1",
            f"--port={port}",
            f"--username={services.ROLE}",
        ]
        settings: dict[str, Any] = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "off",
            # As docs/operations.md advises.
            "idle_in_transaction_session_timeout": "10s",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        probe = [self._binaries / "pg_isready", "--quiet", *self._client]
        super().__init__(
            [self._binaries / "postgres", "-D", self._data, *options],
            is_ready=lambda: services.succeeds(probe),
            kill_signal=signal.SIGQUIT,
        )
        self.port = port
        self.url = postgresql_url(port)

    async def create(self) -> None:
        """Create the cluster, start it, and create the database."""
        options = ("--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync")
        await asyncio.to_thread(
            services.run_checked,
            [
                self._binaries / "initdb",
                f"--pgdata={self._data}",
                f"--username={services.ROLE}",
                *options,
            ],
            self._account,
        )
        await self.start()
        await asyncio.to_thread(
            services.run_checked,
            [self._binaries / "createdb", *self._client, services.ROLE],
            self._account,
        )
