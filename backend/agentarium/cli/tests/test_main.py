import subprocess
import sys
from pathlib import Path

import pytest

from agentarium.cli.serving.local_server import bare_environment
from agentarium.cli.tests.conftest import Invoke

COMMANDS = (
    "up",
    "web",
    "worker",
    "migrate",
    "createuser",
    "password",
    "quotas",
    "setup-link",
    "agents",
    "run",
    "tasks",
    "task",
    "doctor",
    "reseal",
    "demo",
)
SLOW_TO_LOAD = ("django", "celery", "uvicorn", "aiohttp", "redis")


def test_lists_its_commands(invoke: Invoke) -> None:
    result = invoke("--help")

    assert result.exit_code == 0
    assert [name for name in COMMANDS if name not in result.stdout] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help_text(invoke: Invoke, command: str) -> None:
    assert invoke(command, "--help").exit_code == 0


def test_prints_its_version(invoke: Invoke) -> None:
    result = invoke("--version")

    assert result.exit_code == 0
    assert result.stdout.startswith("agentarium ")


def test_rejects_an_unknown_command(invoke: Invoke) -> None:
    assert invoke("fly").exit_code == 2


def test_prints_help_without_loading_slow_modules(tmp_path: Path) -> None:
    script = (
        "import sys; from agentarium.cli.main import app\n"
        "try: app(['--help'])\n"
        f"finally: print([m for m in {SLOW_TO_LOAD} if m in sys.modules])"
    )

    result = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout.splitlines()[-1] == "[]"
