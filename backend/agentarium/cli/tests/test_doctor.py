import json
import socket
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings
from typer.testing import Result

from agentarium.cli.tests.conftest import Invoke
from agentarium.worker.leases import register_worker


def states(result: Result) -> dict[str, str]:
    return {check["name"]: check["state"] for check in json.loads(result.stdout)}


def check_of(result: Result, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return next(check for check in found if check["name"] == name)


@pytest.fixture(autouse=True)
def data(settings: Settings, tmp_path: Path, db: None) -> Path:
    settings.DATA = tmp_path
    settings.PAGE_ROOT = tmp_path
    (tmp_path / "index.html").touch()
    key = tmp_path / "secret_key"
    key.touch(mode=0o600)
    return tmp_path


def test_finds_nothing_to_fail_where_all_is_well(invoke: Invoke) -> None:
    register_worker(capacity=7)

    result = invoke("doctor", "--json")

    assert result.exit_code == 0
    found = states(result)
    well = ("python", "data folder", "database", "tables", "page", "secret key")
    assert {found[name] for name in (*well, "workers", "broker")} == {"ok"}


def test_shows_people_what_to_do(invoke: Invoke) -> None:
    result = invoke("doctor")

    assert result.exit_code == 0
    assert "none is alive" in result.stdout
    assert "Start `agentarium" in result.stdout


def test_fails_where_the_data_folder_cannot_be_written(
    invoke: Invoke, settings: Settings, data: Path
) -> None:
    # A folder in a file's place: nobody can write there, root neither.
    settings.DATA = data / "index.html"

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert states(result)["data folder"] == "fail"
    assert check_of(result, "data folder")["advice"]


def test_fails_where_the_tables_are_of_a_newer_version(invoke: Invoke) -> None:
    MigrationRecorder.Migration.objects.create(app="tasks", name="9999_future")

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert states(result)["tables"] == "fail"


def test_fails_where_the_tables_are_of_an_older_version(invoke: Invoke) -> None:
    MigrationRecorder.Migration.objects.filter(app="tasks").delete()

    result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert "agentarium migrate" in check_of(result, "tables")["advice"]


def test_warns_of_a_key_that_others_can_read_and_a_page_that_is_not_built(
    invoke: Invoke, data: Path
) -> None:
    (data / "secret_key").chmod(0o644)
    (data / "index.html").unlink()

    result = invoke("doctor", "--json")

    assert result.exit_code == 0
    assert states(result)["secret key"] == "warn"
    assert states(result)["page"] == "warn"


def test_tells_a_broker_and_a_redis_that_are_away(
    invoke: Invoke, settings: Settings
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"redis://:hidden@127.0.0.1:{reserved.getsockname()[1]}/0"
        settings.BROKER_URL = settings.REDIS_URL = url

        result = invoke("doctor", "--json")

    assert result.exit_code == 1
    assert states(result)["broker"] == "warn"
    assert states(result)["redis"] == "fail"
    assert "hidden" not in result.output


def test_says_which_providers_can_be_called(invoke: Invoke, settings: Settings) -> None:
    settings.PROVIDERS = {
        name: {"api_key": "", "base_url": ""} for name in settings.PROVIDERS
    }
    without = invoke("doctor", "--json")
    settings.PROVIDERS["openai"]["api_key"] = "sk-secret"

    result = invoke("doctor", "--json")

    assert check_of(without, "providers")["state"] == "warn"
    assert "OpenAI" in check_of(result, "providers")["detail"]
    assert "sk-secret" not in result.output
