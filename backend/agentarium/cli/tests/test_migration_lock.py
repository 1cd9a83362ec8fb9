"""Processes that migrate one database concurrently wait for each other."""

import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from django.db import connection

from agentarium.cli.database import migration_lock, migrations
from agentarium.cli.database.migration_lock import migration_lock as lock
from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests import processes
from agentarium.cli.tests.conftest import Invoke

UP = ("up", "--no-model")


def environment(folder: Path) -> dict[str, str]:
    data = {"AGENTARIUM_DATA": str(folder / "data"), "AGENTARIUM_PORT": "0"}
    return bare_environment() | data


class TestFirstStarts:
    """On SQLite, since each of these processes creates the database."""

    @pytest.mark.parametrize(
        "commands", [(UP, UP), (UP, ("migrate",)), (("migrate",), ("migrate",))]
    )
    def test_both_succeed(
        self, tmp_path: Path, commands: tuple[tuple[str, ...], ...]
    ) -> None:
        codes = []
        logs = [tmp_path / f"{number}.log" for number in range(2)]
        first, second = commands
        settings = environment(tmp_path)

        with (
            processes.started(first, environment=settings, log=logs[0]) as one,
            processes.started(second, environment=settings, log=logs[1]) as other,
        ):
            for command, log, process in zip(commands, logs, (one, other), strict=True):
                if command == UP:
                    processes.wait_for_log("is ready", log)
                    codes.append(processes.end(process))
                else:
                    codes.append(process.wait(processes.DEADLINE_SECONDS))

        assert codes == [0, 0], [log.read_text() for log in logs]


def test_a_first_start_that_is_killed_is_completed_by_the_next(tmp_path: Path) -> None:
    log, settings = tmp_path / "up.log", environment(tmp_path)
    with processes.started(UP, environment=settings, log=log) as first:
        processes.wait_for_log("Creating the database", log)
        first.kill()

    with processes.started(UP, environment=settings, log=log) as second:
        processes.wait_for_log("is ready", log)
        code = processes.end(second)

    with closing(sqlite3.connect(tmp_path / "data" / "agentarium.sqlite3")) as file:
        integrity = file.execute("PRAGMA integrity_check").fetchall()
    assert (code, integrity) == (0, [("ok",)])


class TestLock:
    @pytest.fixture
    def waits(self, monkeypatch: pytest.MonkeyPatch) -> Event:
        """Set when a process waits for the lock."""
        waiting = Event()
        monkeypatch.setattr(migration_lock, "say", lambda _: waiting.set())
        return waiting

    @pytest.fixture
    def in_thread(self, transactional_db: None) -> Iterator[Callable[..., object]]:
        with ThreadPoolExecutor() as pool:
            yield pool.submit

    def test_is_held_by_one_at_a_time(
        self, in_thread: Callable[..., SimpleNamespace], waits: Event
    ) -> None:
        order = []

        def wait_for_it() -> None:
            with lock():
                order.append("second")

        with lock():
            second = in_thread(wait_for_it)
            assert waits.wait(processes.DEADLINE_SECONDS)
            order.append("first")
        second.result(processes.DEADLINE_SECONDS)

        assert order == ["first", "second"]

    def test_whoever_waited_finds_the_migrations_applied(
        self,
        in_thread: Callable[..., SimpleNamespace],
        waits: Event,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As a worker does that starts while another process migrates."""
        missing = migrations.State(frozenset({("a", "1")}), frozenset(), is_empty=False)
        complete = migrations.State(frozenset(), frozenset(), is_empty=False)
        states = {"now": missing}
        monkeypatch.setattr(migrations, "read_state", lambda: states["now"])

        with lock():
            waiting = in_thread(migrations.wait_for_state)
            assert waits.wait(processes.DEADLINE_SECONDS)
            states["now"] = complete

        assert waiting.result(processes.DEADLINE_SECONDS) == complete

    def test_is_not_taken_if_nothing_is_missing(
        self, invoke: Invoke, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = []

        def take() -> AbstractContextManager[None]:
            taken.append(1)
            return lock()

        monkeypatch.setattr(migrations, "migration_lock", take)

        result = invoke("migrate")

        assert result.exit_code == 0
        # SQLite's is a file, and costs no connection.
        assert len(taken) == (connection.vendor == "sqlite")

    def test_a_folder_without_locks_does_not_keep_a_process_from_starting(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError("No locks here.")

        monkeypatch.setattr(fcntl, "flock", refuse)

        with lock():
            assert not migrations.read_state().missing
