import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from typer.testing import CliRunner, Result

from agentarium.cli.main import app
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.tasks.models import AgentTask
from agentarium.worker.attempt.toolbox import Toolbox
from agentarium.worker.runner import Runner
from agentarium.worker.tests.scripted import ScriptedModel, ScriptedModels

REPOSITORY = Path(__file__).parents[4]

Invoke = Callable[..., Result]
BackgroundRunner = Callable[..., Any]


async def no_tools(_: AgentTask) -> Toolbox:
    return Toolbox()


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests from reading the developer's own `.env`."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def invoke() -> Invoke:
    """Call a command in this process."""
    runner = CliRunner()

    def call(*arguments: object, stdin: str = "") -> Result:
        return runner.invoke(app, [str(each) for each in arguments], input=stdin)

    return call


@pytest.fixture
def background_runner(transactional_db: None) -> Iterator[BackgroundRunner]:
    """Run a runner with a scripted model on a thread, in place of a worker process."""

    @contextmanager
    def run(model: ScriptedModel) -> Iterator[None]:
        runner = Runner(
            pubsub=LocalPubSub(),
            clients=ScriptedModels(scripted=model),
            open_toolbox=no_tools,
            capacity=10,
        )
        is_finished = threading.Event()

        async def work() -> None:
            running = asyncio.create_task(runner.run())
            await asyncio.to_thread(is_finished.wait)
            runner.stop()
            await running

        thread = threading.Thread(target=asyncio.run, args=[work()])
        thread.start()
        try:
            yield
        finally:
            is_finished.set()
            thread.join()

    yield run
    connections.close_all()


@pytest.fixture
def services() -> Iterator[dict[str, str]]:
    """Settings of the services that a test's processes use; none on SQLite.

    On PostgreSQL each test gets an empty database of its own.
    """
    default = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        yield {}
        return
    name = f"cli_{uuid4().hex}"
    password = f":{quote(default['PASSWORD'])}" if default["PASSWORD"] else ""
    server = (
        f"postgres://{default['USER']}{password}@{default['HOST']}:{default['PORT']}"
    )
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield {
                "DATABASE_URL": f"{server}/{name}",
                "AGENTARIUM_BROKER_URL": settings.BROKER_URL,
                "AGENTARIUM_REDIS_URL": settings.REDIS_URL,
                # Keeps wake-ups of this test from the workers of other tests.
                "AGENTARIUM_REDIS_PREFIX": name,
            }
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def provider() -> Iterator[dict[str, str]]:
    """Settings that make a scripted local server serve the `openai:` models."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.fake_provider"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        url = process.stdout.readline().strip()
        yield {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "sk-test"}
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
