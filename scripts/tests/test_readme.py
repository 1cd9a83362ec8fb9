"""The commands in the README work as written."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agentarium.cli.main import app
from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.tests import processes
from agentarium.runtime.builtin.weights import fetch_weights
from typer.main import get_command_name

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
SECONDS = 300


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetch_weights(tmp_path_factory.mktemp("model"))


@pytest.fixture
def server(weights: Path, tmp_path: Path) -> Iterator[LocalServer]:
    settings = {"AGENTARIUM_BUILTIN_MODEL_WEIGHTS": str(weights)}
    with LocalServer(tmp_path, settings=settings) as server:
        yield server


def test_the_first_call_works_on_a_new_server(server: LocalServer) -> None:
    first = paste("First call", server)

    assert first.returncode == 0, first.stderr
    assert "event: task.completed" in first.stdout


def test_the_first_call_works_after_an_account_was_created_on_the_page(
    server: LocalServer,
) -> None:
    page = processes.sign_up(server)
    agent = page.get("/api/agents/")["results"][0]["id"]
    page.post("/api/tasks/run/", agent=agent, input_text="Say hello.")

    first = paste("First call", server)

    assert first.returncode == 0, first.stderr
    assert "event: task.completed" in first.stdout


def test_the_first_call_can_be_repeated_and_the_command_line_runs_the_same_agent(
    server: LocalServer,
) -> None:
    paste("First call", server)

    repeated = paste("First call", server)
    by_command = paste("Command line", server)

    assert repeated.returncode == 0, repeated.stderr
    assert "event: task.completed" in repeated.stdout
    assert by_command.returncode == 0, by_command.stderr
    assert "0 failed" in by_command.stdout


def test_it_lists_exactly_the_existing_commands() -> None:
    listed = re.search(r"The commands are (.*?)\.", README, re.DOTALL)
    named = {*re.findall(r"(?:^|[`/])agentarium ([a-z-]+)", README, re.MULTILINE)}

    assert listed
    assert {*re.findall(r"`([a-z-]+)`", listed[1])} == commands()
    assert named <= commands()
    assert "worker" in named


def test_every_named_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()

    named = {*re.findall(r"\bmake ([a-z-]+)", " ".join(code()))}

    assert named <= {*re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)}
    assert "up" in named


def test_every_named_variable_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()

    named = {*re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", README)}

    assert {name for name in named if f"#{name}=" not in example} == set()
    assert "AGENTARIUM_PORT" in named


def paste(section: str, server: LocalServer) -> "subprocess.CompletedProcess[str]":
    """Run the commands of a section; only the server's address is replaced."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    programs = Path(sys.executable).parent
    environment = server.environment | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "no_proxy": "127.0.0.1",
    }
    command = ["-eu", "-o", "pipefail", "-c", block.replace(ADDRESS, server.url)]
    return subprocess.run(  # noqa: S603
        ["/bin/bash", *command],
        cwd=Path(environment["AGENTARIUM_DATA"]).parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def code() -> list[str]:
    return re.findall(r"```.*?```|`[^`]+`", README, re.DOTALL)


def commands() -> set[str]:
    return {
        command.name or get_command_name(command.callback.__name__)
        for command in app.registered_commands
        if command.callback
    }
