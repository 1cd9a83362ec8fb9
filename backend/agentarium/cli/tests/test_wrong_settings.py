"""Invalid settings: every command exits with 2 and one sentence for each of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.functional import empty
from typer.testing import Result

from agentarium.cli import project
from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests.conftest import Invoke

# Variable, value, and a part of the sentence that says what is wrong.
WRONG = [
    ("AGENTARIUM_PORT", "http", "not a whole number"),
    ("AGENTARIUM_PORT", "70000", "from 0 to 65535"),
    ("AGENTARIUM_MAX_ATTEMPTS", "three", "not a whole number"),
    ("AGENTARIUM_WORKER_CAPACITY", "0", "1 or more"),
    ("AGENTARIUM_WEB_THREADS", "0", "1 or more"),
    ("AGENTARIUM_TRUSTED_PROXIES", "-1", "not negative"),
    ("AGENTARIUM_LEASE_SECONDS", "nan", "not negative"),
    ("AGENTARIUM_LEASE_SECONDS", "0", "1 or more"),
    ("AGENTARIUM_STOP_GRACE_SECONDS", "soon", "not a number"),
    ("AGENTARIUM_REGISTRATION_OPEN", "maybe", "neither true nor false"),
    ("AGENTARIUM_DEBUG", "2", "neither true nor false"),
    ("AGENTARIUM_PRICES", "{", "not JSON"),
    ("AGENTARIUM_PRICES", '{"a": 1}', "cannot be used"),
    ("AGENTARIUM_PRICES", "[" * 50_000, "nested too deeply"),
    ("AGENTARIUM_MCP_STDIO", "files", "not JSON"),
    ("AGENTARIUM_LOG_LEVEL", "LOUD", "one of DEBUG"),
    ("AGENTARIUM_LOG_FORMAT", "xml", "one of auto"),
    ("AGENTARIUM_DEFAULT_MODEL", "unknown:model", "provider:model"),
    ("AGENTARIUM_ALLOWED_HOSTS", "https://agents.example.com", "without a scheme"),
    ("AGENTARIUM_URL", "agents.example.com", "no scheme"),
    ("AGENTARIUM_URL", "https://agents.example.com/agentarium", "the path"),
    ("AGENTARIUM_URL", "https://agents.example.com?a=b", "a query"),
    ("AGENTARIUM_URL", "https://ann:pw@agents.example.com", "a user"),
    ("AGENTARIUM_URL", "https://agents.example.com:x", "a port"),
    ("AGENTARIUM_URL", "ftp://agents.example.com", "the scheme"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "no scheme"),
    ("DATABASE_URL", "mysql://ann:pw@db/name", "the scheme"),
    ("DATABASE_URL", "postgress://x", "the scheme"),
    ("DATABASE_URL", "postgres://x", "no database"),
    ("DATABASE_URL", "postgres://db:port/name", "a port"),
    ("DATABASE_URL", "postgres", "no scheme"),
    ("DATABASE_URL", "sqlite:////no/such/folder/db.sqlite3", "not a folder"),
    ("DATABASE_URL", "sqlite://", "no file"),
    ("DATABASE_URL", "sqlite:////tmp/a%00b", "%00"),
    ("DATABASE_URL", "postgres://ann:p%00w@db/name", "%00"),
    ("DATABASE_URL", f"postgres://ann:pw@db/{'n' * 64}", "63 characters"),
    ("AGENTARIUM_BROKER_URL", "foo://pw@broker", "the scheme"),
    ("AGENTARIUM_BROKER_URL", "redis://:p/w@host:6379/0", "a port"),
    ("AGENTARIUM_REDIS_URL", "amqp://rabbit", "the scheme"),
    ("AGENTARIUM_SECRET_KEY", "x", "too easy to guess"),
    ("AGENTARIUM_SECRET_KEY", "x" * 60, "too easy to guess"),
    ("AGENTARIUM_SECRET_KEY", "pw\udcff", "not utf-8"),
    ("AGENTARIUM_HOST", "pw\udcff", "not utf-8"),
    ("OPENAI_API_KEY", "sk-pw\x1b[A", "control characters"),
    ("AGENTARIUM_SECRET_KEY_FILE", "/no/such/file", "no such file"),
    ("AGENTARIUM_SECRET_KEY_FILE", "/dev/zero", "not an ordinary file"),
]
COMMANDS = ("up", "web", "worker", "migrate", "doctor", "tasks")

StartWith = Callable[..., Result]


@pytest.fixture
def start_with(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[StartWith]:
    """Call a command as a new process would, before the settings are loaded."""

    def never(*_: object) -> None:
        pytest.fail("The settings were accepted.")

    for name in os.environ.keys() - bare_environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("AGENTARIUM_DATA", str(tmp_path / "data"))
    monkeypatch.delitem(sys.modules, "agentarium.config.settings", raising=False)
    monkeypatch.setattr(settings, "_wrapped", empty)
    monkeypatch.setattr(project, "set_up_django", never)
    handlers = {
        each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)
    }

    def call(*arguments: str, **variables: str) -> Result:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return invoke(*arguments)

    yield call
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.mark.parametrize(("name", "value", "reason"), WRONG)
def test_are_reported_in_one_sentence(
    start_with: StartWith, name: str, value: str, reason: str
) -> None:
    result = start_with("doctor", **{name: value})

    assert result.exit_code == 2
    (line,) = result.stderr.lower().splitlines()
    assert line.startswith(f"{name.removesuffix('_FILE')} ".lower())
    assert reason.lower() in line
    assert ": " in line
    assert "pw" not in line


@pytest.mark.parametrize("command", COMMANDS)
def test_end_every_command(start_with: StartWith, command: str) -> None:
    result = start_with(command, AGENTARIUM_PORT="x", AGENTARIUM_URL="host")

    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert first.startswith("AGENTARIUM_PORT ")
    assert second.startswith("AGENTARIUM_URL ")


def test_include_a_variable_that_is_set_twice(
    start_with: StartWith, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("k")

    result = start_with(
        "web",
        AGENTARIUM_METRICS_TOKEN="one",
        AGENTARIUM_METRICS_TOKEN_FILE=str(tmp_path / "key"),
    )

    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "AGENTARIUM_METRICS_TOKEN_FILE" in line


def test_include_a_data_folder_that_cannot_be_created(
    start_with: StartWith, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    result = start_with("up", AGENTARIUM_DATA=str(tmp_path / "file" / "data"))

    assert result.exit_code == 2
    assert result.stderr.startswith("AGENTARIUM_DATA is ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "program",
    [
        ["-m", "agentarium.cli", "web"],
        ["-m", "django", "check"],
        ["-c", "import agentarium.config.asgi"],
        ["-c", "import agentarium.config.celery; agentarium.config.celery.app.conf"],
    ],
)
def test_end_other_programs_without_a_traceback(
    tmp_path: Path, program: list[str]
) -> None:
    result = subprocess.run(  # noqa: S603
        [sys.executable, *program],
        cwd=tmp_path,
        env={
            **bare_environment(),
            "DJANGO_SETTINGS_MODULE": "agentarium.config.settings",
            "AGENTARIUM_DATA": str(tmp_path / "data"),
            "AGENTARIUM_PORT": "x",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert result.stderr == "AGENTARIUM_PORT is not a whole number: set it to one.\n"
