"""Processes and commands while the database is away or refuses the connection."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from django.db import InterfaceError, OperationalError, connection
from pytest_django import Settings

from agentarium.cli.database import availability as database
from agentarium.cli.database.availability import (
    ConnectionFailure,
    retry_until_reachable,
)
from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests import processes
from agentarium.cli.tests.refusing_server import refusing_server
from agentarium.db.answer_limit import answer_limit

PASSWORD = "do-not-tell"
AWAY = ConnectionFailure("connection refused", is_temporary=True)
STARTING = ConnectionFailure("the database system is starting up", is_temporary=True)
REFUSED = ConnectionFailure("password authentication failed", is_temporary=False)


def environment(folder: Path, port: int) -> dict[str, str]:
    return {
        **bare_environment(),
        "AGENTARIUM_DATA": str(folder / "data"),
        "AGENTARIUM_PORT": "0",
        "AGENTARIUM_SECRET_KEY": "a-key-that-every-node-has-got-0123456789",
        "DATABASE_URL": f"postgres://ann:{PASSWORD}@127.0.0.1:{port}/agentarium",
    }


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which no program listens during the test."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


class TestProcesses:
    """`up`, `web` and `worker` are long-running, and wait."""

    @pytest.mark.parametrize(
        ("command", "number"),
        [
            (["web"], signal.SIGTERM),
            (["up", "--no-model"], signal.SIGINT),
            (["worker"], signal.SIGTERM),
            (["worker", "--processes=2"], signal.SIGINT),
        ],
    )
    def test_wait_for_a_database_that_is_away_until_a_signal_stops_them(
        self,
        tmp_path: Path,
        closed_port: int,
        command: list[str],
        number: signal.Signals,
    ) -> None:
        log = tmp_path / "process.log"
        settings = environment(tmp_path, closed_port)

        with processes.started(command, environment=settings, log=log) as process:
            processes.wait_for_log("Waiting", log)
            process.send_signal(number)
            code = process.wait(processes.STOP_SECONDS)

        (line,) = log.read_text().splitlines()
        assert line.startswith(f"Waiting for the database at 127.0.0.1:{closed_port}: ")
        assert "refused" in line
        assert PASSWORD not in line
        assert code == 0

    @pytest.mark.parametrize(
        ("sqlstate", "sentence"),
        [
            ("57P03", "das Datenbanksystem startet"),
            ("57P03", "the database system is shutting down"),
            ("53300", "sorry, too many clients already"),
        ],
    )
    def test_wait_for_a_database_that_is_not_ready(
        self, tmp_path: Path, sqlstate: str, sentence: str
    ) -> None:
        log = tmp_path / "process.log"

        with (
            refusing_server(sqlstate, sentence) as port,
            processes.started(
                ["worker"], environment=environment(tmp_path, port), log=log
            ) as process,
        ):
            processes.wait_for_log(sentence, log)
            code = processes.end(process)

        assert log.read_text().startswith("Waiting for the database at ")
        assert code == 0

    @pytest.mark.parametrize(
        ("sqlstate", "sentence"),
        [
            ("28P01", "Passwort-Authentifizierung fehlgeschlagen"),
            ("3D000", 'database "agentarium" does not exist'),
        ],
    )
    def test_exit_with_one_sentence_if_waiting_cannot_help(
        self, tmp_path: Path, sqlstate: str, sentence: str
    ) -> None:
        with refusing_server(sqlstate, sentence) as port:
            result = processes.run(
                "worker", cwd=tmp_path, environment=environment(tmp_path, port)
            )

        (line,) = result.stderr.splitlines()
        assert line.startswith(
            f"The database at 127.0.0.1:{port} refuses the connection: "
        )
        assert sentence in line
        assert PASSWORD not in line
        assert result.returncode == 1


class TestCommands:
    """Other commands do not wait."""

    @pytest.mark.parametrize("command", ["migrate", "agents", "queue"])
    def test_exit_with_one_sentence(
        self, tmp_path: Path, closed_port: int, command: str
    ) -> None:
        result = processes.run(
            command, cwd=tmp_path, environment=environment(tmp_path, closed_port)
        )

        (line,) = result.stderr.splitlines()
        assert line.startswith(
            f"The database at 127.0.0.1:{closed_port} cannot be reached: "
        )
        assert PASSWORD not in line
        assert result.returncode == 1

    def test_doctor_continues_with_its_other_checks(
        self, tmp_path: Path, closed_port: int
    ) -> None:
        result = processes.run(
            "doctor", cwd=tmp_path, environment=environment(tmp_path, closed_port)
        )

        assert "cannot be reached" in result.stdout
        assert "correct DATABASE_URL" in result.stdout
        assert "data folder" in result.stdout
        assert result.stderr == ""
        assert result.returncode == 1


class TestWaiting:
    @pytest.fixture
    def failing_with(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., list[object]]:
        """Make the connection fail with these, one after the other, then succeed."""
        monkeypatch.setattr(database, "POLL_SECONDS", 0)
        monkeypatch.setattr(database, "REFUSAL_PAUSE_SECONDS", 0)

        def prepare(*failures: ConnectionFailure | None) -> list[object]:
            left: list[object] = list(failures)
            monkeypatch.setattr(
                database, "connection_failure", lambda: left.pop(0) if left else None
            )
            return left

        return prepare

    def test_prints_each_reason_once_and_the_time_waited(
        self, failing_with: Callable[..., object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        failing_with(AWAY, AWAY, STARTING, STARTING)

        assert retry_until_reachable(lambda: "done") == "done"

        first, second, last = capsys.readouterr().err.splitlines()
        assert AWAY.reason in first
        assert STARTING.reason in second
        assert last == "The database is reachable, after 0 s."

    def test_repeats_a_reason_that_persists(
        self,
        failing_with: Callable[..., object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(database, "REMIND_SECONDS", -1)
        failing_with(AWAY, AWAY)

        retry_until_reachable(lambda: "done")

        assert capsys.readouterr().err.count(AWAY.reason) == 2

    def test_prints_nothing_if_the_database_answers(
        self, failing_with: Callable[..., object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        failing_with()

        retry_until_reachable(lambda: "done")

        assert capsys.readouterr().err == ""

    def test_exits_on_a_permanent_failure(
        self, failing_with: Callable[..., object]
    ) -> None:
        left = failing_with(REFUSED, REFUSED, REFUSED, AWAY)

        with pytest.raises(typer.Exit):
            retry_until_reachable(lambda: "done")

        assert left == [AWAY]

    def test_ignores_a_permanent_failure_while_the_server_starts(
        self, failing_with: Callable[..., object]
    ) -> None:
        failing_with(REFUSED, REFUSED, AWAY, REFUSED)

        assert retry_until_reachable(lambda: "done") == "done"

    def test_repeats_the_step_if_the_database_goes_away_during_it(
        self, failing_with: Callable[..., object]
    ) -> None:
        failures = [OperationalError("gone"), InterfaceError("closed")] * 2
        failing_with(None, AWAY, None, None, AWAY)

        def step() -> str:
            if failures:
                raise failures.pop()
            return "done"

        assert retry_until_reachable(step) == "done"

    @pytest.mark.django_db(transaction=True)
    def test_repeats_the_step_on_another_connection(
        self, failing_with: Callable[..., object], settings: Settings
    ) -> None:
        connections: list[object] = []

        def step() -> float:
            connections.append(connection.connection)
            connection.ensure_connection()
            if len(connections) == 1:
                raise OperationalError("The server has closed the connection.")
            return answer_limit()

        failing_with()
        connection.close()

        assert retry_until_reachable(step) == settings.DATABASE_ANSWER_SECONDS
        assert connections == [None, None]

    def test_gives_up_on_a_step_that_fails_although_the_database_answers(
        self, failing_with: Callable[..., object]
    ) -> None:
        tries = []

        def step() -> None:
            tries.append(1)
            raise OperationalError("disk full")

        failing_with()
        with pytest.raises(OperationalError):
            retry_until_reachable(step)

        assert len(tries) == database.REFUSALS
