"""A second server on the same SQLite file says so, and works."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentarium.cli.serving import other_server as module
from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.serving.other_server import other_server
from agentarium.cli.tests import processes


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    name = str(tmp_path / "db.sqlite3")
    database = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": name})
    monkeypatch.setattr(module, "connection", database)
    monkeypatch.setattr(module, "_locks", [])
    yield database
    for lock in module._locks:
        lock.close()


def test_names_the_first_server() -> None:
    first = other_server("http://127.0.0.1:8000")
    second = other_server("http://127.0.0.1:9000")

    assert first == ""
    assert "http://127.0.0.1:8000" in second


def test_says_nothing_once_the_first_server_has_ended() -> None:
    other_server("http://127.0.0.1:8000")
    module._locks.pop().close()

    assert other_server("http://127.0.0.1:9000") == ""


def test_says_nothing_on_postgresql(database: Any) -> None:
    database.vendor = "postgresql"

    assert [other_server("http://a"), other_server("http://b")] == ["", ""]


def test_two_servers_complete_each_others_tasks(
    tmp_path: Path, provider: dict[str, str]
) -> None:
    """The second takes over when the first is killed, without waiting for its lease."""
    settings = provider | {"AGENTARIUM_LEASE_SECONDS": "600"}
    command = ("up", "--no-model")
    first = LocalServer(tmp_path, command=command, settings=settings)
    with first, LocalServer(tmp_path, command=command, settings=settings) as second:
        log = second.log_tail
        api = processes.sign_up(second)
        agent = processes.make_agent(api)
        tasks = [
            api.post("/api/tasks/run/", agent=agent, input_text="Hello")["id"]
            for _ in range(8)
        ]
        first.kill()
        for task in tasks:
            processes.wait_for_status(api, f"/api/tasks/{task}/", "completed")

    assert f"Another server (process {first.pid}, {first.url})" in log
