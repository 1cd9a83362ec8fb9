"""Checks that keep a process from starting, and those that only warn."""

import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from agentarium.cli.diagnosis import start_checks
from agentarium.cli.serving import up, worker
from agentarium.cli.tests.conftest import Invoke
from agentarium.cli.tests.test_doctor import check_of, states
from agentarium.core.encryption import Sealed
from agentarium.core.models import SecretKeyCheck
from agentarium.core.secret_key import KeyMatch, match_secret_key, store_first_check
from agentarium.tools.models import HttpTool
from agentarium.tools.tests.factories import HttpToolFactory

FIRST, SECOND = "first-" + "k1" * 20, "second-" + "k2" * 20
STARTS = ("web", "worker", "migrate", "up")


@pytest.fixture(autouse=True)
def _without_serving(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[None]:
    """A start that passes its checks ends before it serves or runs tasks."""

    def stop_serving(listener: socket.socket, *, greeting: str) -> None:
        listener.close()

    monkeypatch.setattr(up, "_serve", stop_serving)
    monkeypatch.setattr(worker, "_run", lambda *_: None)
    tmp_path.chmod(0o700)
    settings.DATA = tmp_path
    settings.SECRET_KEY_FILE = tmp_path / "secret_key"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = FIRST, []
    settings.IS_SECRET_KEY_OWN = False
    settings.UNKNOWN_VARIABLES = {}
    settings.PORT = 0
    settings.BROKER_URL, settings.EMBEDDED = "", True
    settings.BUILTIN_MODEL_WEIGHTS = str(tmp_path / "weights")
    handlers = {
        each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)
    }
    yield
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.fixture(params=STARTS)
def start(request: pytest.FixtureRequest) -> list[str]:
    options = {"up": ["--no-model"]}
    return [request.param, *options.get(request.param, [])]


def lost_secret() -> HttpTool:
    """A tool whose headers no key can decrypt."""
    tool = HttpToolFactory.create()
    tool.headers = {"Authorization": Sealed("not of any key")}
    tool.save()
    return tool


class TestSettings:
    def test_that_are_valid_let_the_process_start(
        self, invoke: Invoke, start: list[str]
    ) -> None:
        result = invoke(*start)

        assert result.exit_code == 0
        assert "AGENTARIUM_" not in result.stderr
        assert match_secret_key() is KeyMatch.CURRENT

    @pytest.mark.parametrize(
        ("scope", "name"),
        [
            ("user", "AGENTARIUM_RATE_USER"),
            ("user_token", "AGENTARIUM_RATE_TOKEN"),
            ("anonymous", "AGENTARIUM_RATE_ANONYMOUS"),
            ("login", "AGENTARIUM_RATE_LOGIN"),
        ],
    )
    def test_with_an_invalid_rate_are_refused_and_reported(
        self, invoke: Invoke, settings: Settings, scope: str, name: str
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, scope: "lots"}

        started = invoke("web")
        examined = invoke("doctor", "--json")

        assert started.exit_code == 2
        (line,) = started.stderr.splitlines()
        assert line.startswith(f"{name}: ")
        assert examined.exit_code == 1
        assert name in check_of(examined, "settings")["detail"]

    def test_that_fail_a_django_check_are_refused_by_every_start(
        self, invoke: Invoke, settings: Settings, start: list[str]
    ) -> None:
        settings.OUTBOUND_ALLOW = ["10.0.0.0/99"]

        result = invoke(*start)

        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("AGENTARIUM_OUTBOUND_ALLOW: ")

    def test_with_a_misspelled_name_cause_a_warning(
        self, invoke: Invoke, settings: Settings, start: list[str]
    ) -> None:
        settings.UNKNOWN_VARIABLES = {
            "AGENTARIUM_REGISTRATION_OPENED": "AGENTARIUM_REGISTRATION_OPEN"
        }

        started = invoke(*start)
        examined = invoke("doctor", "--json")

        assert started.exit_code == 0
        assert "did you mean AGENTARIUM_REGISTRATION_OPEN?" in started.stderr
        assert check_of(examined, "settings")["state"] == "warn"

    def test_without_a_secret_key_on_postgresql_cause_a_warning(
        self, invoke: Invoke, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.IS_SECRET_KEY_OWN = True
        monkeypatch.setattr(start_checks, "is_shared_database", lambda: True)

        started = invoke("web")
        examined = invoke("doctor", "--json")

        assert started.exit_code == 0
        assert "AGENTARIUM_SECRET_KEY is not set" in started.stderr
        assert check_of(examined, "secret key")["state"] == "warn"


class TestOpenFiles:
    def test_a_low_limit_causes_a_warning(
        self, invoke: Invoke, start: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))

        started = invoke(*start)
        examined = invoke("doctor", "--json")

        assert started.exit_code == 0
        assert "may open only 1,024 files" in started.stderr
        assert check_of(examined, "open files")["state"] == "warn"

    def test_the_limit_is_raised_by_every_start(
        self, invoke: Invoke, start: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raised: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 70_000))
        monkeypatch.setattr(resource, "setrlimit", lambda _, pair: raised.append(pair))

        invoke(*start)

        assert raised[0] == (70_000, 70_000)


class TestDataFolder:
    def test_is_made_private_with_the_key_in_it(
        self, invoke: Invoke, tmp_path: Path, start: list[str]
    ) -> None:
        key = tmp_path / "secret_key"
        key.touch()
        key.chmod(0o644)
        tmp_path.chmod(0o755)
        examined = invoke("doctor", "--json")

        assert invoke(*start).exit_code == 0

        assert tmp_path.stat().st_mode & 0o777 == 0o700
        assert key.stat().st_mode & 0o777 == 0o600
        assert states(examined)["privacy"] == "warn"
        assert "privacy" not in states(invoke("doctor", "--json"))

    def test_keeps_its_mode_if_it_is_shared_like_tmp(
        self, invoke: Invoke, tmp_path: Path
    ) -> None:
        tmp_path.chmod(0o1777)

        result = invoke("web")

        assert result.exit_code == 0
        assert tmp_path.stat().st_mode & 0o1777 == 0o1777
        assert str(tmp_path) in result.stderr


class TestTables:
    def test_of_a_newer_version_are_refused(
        self, invoke: Invoke, start: list[str]
    ) -> None:
        MigrationRecorder.Migration.objects.create(app="tasks", name="9999_future")

        started = invoke(*start)
        examined = invoke("doctor", "--json")

        assert started.exit_code == 1
        (line,) = started.stderr.splitlines()
        assert "tasks.9999_future" in line
        assert examined.exit_code == 1
        assert check_of(examined, "tables")["detail"] in line

    def test_of_a_newer_version_are_accepted_by_a_supervised_worker(
        self, invoke: Invoke
    ) -> None:
        MigrationRecorder.Migration.objects.create(app="tasks", name="9999_future")

        assert invoke("worker", "--supervised").exit_code == 0


class TestSecretKey:
    def test_of_another_node_is_refused(
        self, invoke: Invoke, settings: Settings, start: list[str]
    ) -> None:
        store_first_check()
        settings.SECRET_KEY = SECOND

        started = invoke(*start)
        examined = invoke("doctor", "--json")

        assert started.exit_code == 1
        (line,) = started.stderr.splitlines()
        assert "AGENTARIUM_SECRET_KEY_FALLBACKS" in line
        assert "agentarium reseal" in line
        assert examined.exit_code == 1
        assert check_of(examined, "stored key")["state"] == "fail"

    def test_that_was_rotated_becomes_the_required_one(
        self, invoke: Invoke, settings: Settings, start: list[str]
    ) -> None:
        store_first_check()
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = SECOND, [FIRST]

        assert invoke(*start).exit_code == 0

        settings.SECRET_KEY_FALLBACKS = []
        assert match_secret_key() is KeyMatch.CURRENT

    def test_is_refused_if_it_cannot_decrypt_secrets_and_no_check_value_exists(
        self, invoke: Invoke, start: list[str]
    ) -> None:
        lost_secret()

        result = invoke(*start)

        assert result.exit_code == 1
        assert "agentarium reseal" in result.stderr
        assert not SecretKeyCheck.objects.exists()

    def test_that_cannot_decrypt_one_secret_causes_a_warning(
        self, invoke: Invoke, start: list[str]
    ) -> None:
        store_first_check()
        lost_secret()

        started = invoke(*start)
        examined = invoke("doctor", "--json")

        assert started.exit_code == 0
        assert "1 stored secrets cannot be decrypted" in started.stderr
        assert check_of(examined, "stored key")["state"] == "warn"

    def test_is_checked_by_doctor_without_storing_anything(
        self, invoke: Invoke
    ) -> None:
        invoke("doctor")

        assert not SecretKeyCheck.objects.exists()

    def test_is_not_stored_in_the_database(self) -> None:
        store_first_check()

        assert (
            django_settings.SECRET_KEY not in SecretKeyCheck.objects.get().fingerprint
        )


class TestReseal:
    def test_makes_the_former_key_unnecessary(
        self, invoke: Invoke, settings: Settings
    ) -> None:
        store_first_check()
        tool = HttpToolFactory.create(headers={"Authorization": Sealed.of("secret")})
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = SECOND, [FIRST]

        result = invoke("reseal")

        assert result.exit_code == 0
        settings.SECRET_KEY_FALLBACKS = []
        tool.refresh_from_db()
        assert tool.revealed_headers() == {"Authorization": "secret"}
        assert invoke("web").stderr == ""

    def test_refuses_an_unrelated_key(self, invoke: Invoke, settings: Settings) -> None:
        store_first_check()
        settings.SECRET_KEY = SECOND

        result = invoke("reseal")

        assert result.exit_code == 1
        assert "AGENTARIUM_SECRET_KEY_FALLBACKS" in result.stderr
        assert match_secret_key() is KeyMatch.FOREIGN

    def test_continues_without_the_former_key_if_it_is_lost(
        self, invoke: Invoke, settings: Settings
    ) -> None:
        store_first_check()
        tool = lost_secret()
        settings.SECRET_KEY = SECOND

        result = invoke("reseal", "--former-key-lost")

        assert result.exit_code == 0
        assert f"HttpTool:{tool.pk}" in result.stderr
        assert invoke("web").exit_code == 0
