"""The wheel and requirements/run.txt are all that an empty environment needs."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import pytest
from agentarium.cli.demo.api_client import ApiClient
from agentarium.tests.eventually import eventually_sync

from scripts.services import free_ports, running_services
from scripts.tests import import_everything
from scripts.tests.installation import Installation, Process, end

PASSWORD = "correct-horse-battery"
MODEL = "builtin:smollm2-135m-instruct"
START_SECONDS = 180

pytestmark = pytest.mark.packaging


@pytest.fixture
def scaled(installation: Installation, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings for PostgreSQL and Redis, with a migrated database."""
    with running_services() as variables:
        settings = {"AGENTARIUM_PORT": str(free_ports(1)[0]), **variables}
        migrated = installation.run("agentarium", "migrate", cwd=tmp_path, **settings)
        assert migrated.returncode == 0, migrated.stderr
        yield settings


def test_contains_the_page_and_the_migrations_but_no_tests(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    assert "agentarium/page/index.html" in names
    assert "agentarium/tasks/migrations/0001_initial.py" in names
    assert [name for name in names if "/tests/" in name or "conftest" in name] == []


def test_finds_every_module_that_it_imports(
    installation: Installation, tmp_path: Path
) -> None:
    program = import_everything.__file__

    imported = installation.run("python", program, cwd=tmp_path)

    assert (imported.stdout, imported.returncode) == ("", 0), imported.stderr


def test_has_every_dependency_of_its_packages(
    installation: Installation, tmp_path: Path
) -> None:
    checked = installation.run("python", "-m", "pip", "check", cwd=tmp_path)

    assert checked.returncode == 0, checked.stdout


def test_serves_page_and_api_and_stops_on_sigterm(
    installation: Installation, tmp_path: Path
) -> None:
    port = str(free_ports(1)[0])
    url = f"http://127.0.0.1:{port}"
    with installation.started("up", cwd=tmp_path, AGENTARIUM_PORT=port) as process:
        wait_until_ready(url, process)

        page = get(f"{url}/")
        schema = get(f"{url}/api/schema/")
        code = end(process)

    assert page[0] == 200
    assert '<div id="root">' in page[1]
    assert schema[0] == 200
    assert "/api/tasks/run/" in schema[1]
    assert code == 0


def test_runs_a_task_on_postgresql_and_redis(
    installation: Installation, scaled: dict[str, str], tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{scaled['AGENTARIUM_PORT']}"
    with (
        installation.started("web", cwd=tmp_path, **scaled) as web,
        installation.started("worker", "--model", cwd=tmp_path, **scaled) as worker,
    ):
        wait_until_ready(url, web, worker)
        readiness = json.loads(get(f"{url}/readyz")[1])
        api = signed_in(installation, url, tmp_path, scaled)
        task = finished_task(api)
        doctor = installation.run("agentarium", "doctor", cwd=tmp_path, **scaled)
        codes = end(web), end(worker)

    names = ("status", "database", "broker", "redis")
    assert readiness == dict.fromkeys(names, "ok")
    assert task["status"] == "completed", task
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert codes == (0, 0)


def signed_in(
    installation: Installation, url: str, folder: Path, settings: dict[str, str]
) -> ApiClient:
    created = installation.run(
        "agentarium",
        *("createuser", "--username=ann", "--email=", "--password-stdin"),
        cwd=folder,
        stdin=PASSWORD,
        **settings,
    )
    assert created.returncode == 0, created.stderr
    api = ApiClient(url)
    pair = api.post("/api/auth/token/", username="ann", password=PASSWORD)
    return api.with_token(pair["access"])


def finished_task(api: ApiClient) -> dict[str, object]:
    agent = api.post("/api/agents/", name="A", model=MODEL, max_output_tokens=16)
    task = api.post("/api/tasks/run/", agent=agent["id"], input_text="Say hello.")
    path = f"/api/tasks/{task['id']}/"
    eventually_sync(
        "the task to end",
        lambda: api.get(path)["finished_at"] is not None,
        seconds=START_SECONDS,
    )
    ended: dict[str, object] = api.get(path)
    return ended


def wait_until_ready(url: str, *started: Process) -> None:
    def is_ready() -> bool:
        assert [process.poll() for process in started] == [None] * len(started)
        with suppress(OSError):
            return get(f"{url}/readyz")[0] == 200
        return False

    eventually_sync("/readyz to answer 200", is_ready, seconds=START_SECONDS)


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
        return response.status, response.read().decode()
