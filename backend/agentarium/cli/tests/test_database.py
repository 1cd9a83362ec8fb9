"""Processes and commands that find the database away, or closed to them."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from django.db import InterfaceError, OperationalError

from agentarium.cli.database import availability as database
from agentarium.cli.database.availability import Obstacle, once_it_answers
from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests import processes
from agentarium.cli.tests.refusing_server import refusing_server

PASSWORD = "do-not-tell"
CONNECTION_ERRORS = Obstacle("connection refused", may_pass=True)
STARTING = Obstacle("the database system is starting up", may_pass=True)
REFUSED = Obstacle("password authentication failed", may_pass=False)


def environment(folder: Path, port: int) -> dict[str, str]:
    return {
        **bare_environment(),
        "AGENTARIUM_DATA": str(folder / "data"),
        "AGENTARIUM_PORT": "0",
        "AGENTARIUM_SECRET_KEY": "a-key-that-every-node-has-got-0123456789",
        "DATABASE_URL": f"postgres://ann:{PASSWORD}@127.0.0.1:{port}/agentarium",
    }


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that nobody answers, while the test lasts."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


class TestProcesses:
    """`up`, `web` and `worker`: they live long, and wait."""

    @pytest.mark.parametrize(
        ("command", "number"),
        [
            (["web"], signal.SIGTERM),
            (["up", "--no-model"], signal.SIGINT),
            (["worker"], signal.SIGTERM),
            (["worker", "--processes=2"], signal.SIGINT),
        ],
    )
    def test_wait_for_one_that_is_away_until_they_are_told_to_end(
        self, tmp_path: Path, nobody: int, command: list[str], number: signal.Signals
    ) -> None:
        log = tmp_path / "process.log"
        settings = environment(tmp_path, nobody)

        with processes.started(command, environment=settings, log=log) as process:
            processes.wait_for_log("Waiting", log)
            process.send_signal(number)
            code = process.wait(processes.STOP_SECONDS)

        (line,) = log.read_text().splitlines()
        assert line.startswith(f"Waiting for the database at 127.0.0.1:{nobody}: ")
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
    def test_wait_for_one_that_is_not_ready(
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
    def test_end_with_one_sentence_where_no_waiting_helps(
        self, tmp_path: Path, sqlstate: str, sentence: str
    ) -> None:
        with refusing_server(sqlstate, sentence) as port:
            result = processes.run(
                "worker", cwd=tmp_path, environment=environment(tmp_path, port)
            )

        (line,) = result.stderr.splitlines()
        assert line.startswith(f"The database at 127.0.0.1:{port} refuses us: ")
        assert sentence in line
        assert PASSWORD not in line
        assert result.returncode == 1


class TestCommands:
    """They answer and end, and do not wait."""

    @pytest.mark.parametrize("command", ["migrate", "agents", "queue"])
    def test_end_with_one_sentence(
        self, tmp_path: Path, nobody: int, command: str
    ) -> None:
        result = processes.run(
            command, cwd=tmp_path, environment=environment(tmp_path, nobody)
        )

        (line,) = result.stderr.splitlines()
        assert line.startswith(
            f"The database at 127.0.0.1:{nobody} cannot be reached: "
        )
        assert PASSWORD not in line
        assert result.returncode == 1

    def test_doctor_goes_on_with_its_other_checks(
        self, tmp_path: Path, nobody: int
    ) -> None:
        result = processes.run(
            "doctor", cwd=tmp_path, environment=environment(tmp_path, nobody)
        )

        assert "cannot be reached" in result.stdout
        assert "correct DATABASE_URL" in result.stdout
        assert "data folder" in result.stdout
        assert result.stderr == ""
        assert result.returncode == 1


class TestWaiting:
    @pytest.fixture
    def finds(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[object]]:
        """Have these obstacles found, one after the other, and then none."""
        monkeypatch.setattr(database, "LOOK_SECONDS", 0)
        monkeypatch.setattr(database, "REFUSED_SECONDS", 0)

        def find(*obstacles: Obstacle | None) -> list[object]:
            left: list[object] = list(obstacles)
            monkeypatch.setattr(
                database, "obstacle", lambda: left.pop(0) if left else None
            )
            return left

        return find

    def test_says_each_reason_once_and_how_long_it_took(
        self, finds: Callable[..., object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        finds(CONNECTION_ERRORS, CONNECTION_ERRORS, STARTING, STARTING)

        assert once_it_answers(lambda: "done") == "done"

        first, second, last = capsys.readouterr().err.splitlines()
        assert CONNECTION_ERRORS.reason in first
        assert STARTING.reason in second
        assert last == "The database answers, after 0 s."

    def test_reminds_of_a_reason_that_stays(
        self,
        finds: Callable[..., object],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(database, "REMIND_SECONDS", -1)
        finds(CONNECTION_ERRORS, CONNECTION_ERRORS)

        once_it_answers(lambda: "done")

        assert capsys.readouterr().err.count(CONNECTION_ERRORS.reason) == 2

    def test_says_nothing_where_there_is_nothing_to_wait_for(
        self, finds: Callable[..., object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        finds()

        once_it_answers(lambda: "done")

        assert capsys.readouterr().err == ""

    def test_ends_at_a_refusal_that_stays(self, finds: Callable[..., object]) -> None:
        left = finds(REFUSED, REFUSED, REFUSED, CONNECTION_ERRORS)

        with pytest.raises(typer.Exit):
            once_it_answers(lambda: "done")

        assert left == [CONNECTION_ERRORS]

    def test_does_not_believe_what_a_server_says_while_it_comes_up(
        self, finds: Callable[..., object]
    ) -> None:
        finds(REFUSED, REFUSED, CONNECTION_ERRORS, REFUSED)

        assert once_it_answers(lambda: "done") == "done"

    def test_begins_anew_where_it_goes_away_again_meanwhile(
        self, finds: Callable[..., object]
    ) -> None:
        failures = [OperationalError("gone"), InterfaceError("closed")] * 2
        finds(None, CONNECTION_ERRORS, None, None, CONNECTION_ERRORS)

        def step() -> str:
            if failures:
                raise failures.pop()
            return "done"

        assert once_it_answers(step) == "done"

    def test_gives_up_on_what_fails_though_the_database_answers(
        self, finds: Callable[..., object]
    ) -> None:
        tries = []

        def step() -> None:
            tries.append(1)
            raise OperationalError("disk full")

        finds()
        with pytest.raises(OperationalError):
            once_it_answers(step)

        assert len(tries) == database.REFUSALS
