"""Processes that start while PostgreSQL is away."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from agentarium.cli.serving.local_server import LocalServer
from agentarium.cli.tests import processes

from bench.chaos.services import PostgreSQL
from scripts.services import free_ports, shared_folder


@pytest.fixture
def postgresql() -> Iterator[PostgreSQL]:
    with shared_folder() as folder:
        server = PostgreSQL(folder, free_ports(1)[0])
        asyncio.run(server.create())
        try:
            yield server
        finally:
            asyncio.run(server.kill())


def test_start_when_the_database_comes_back(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    server = LocalServer(tmp_path, settings={"DATABASE_URL": postgresql.url})
    worker_log, web_log = tmp_path / "worker.log", tmp_path / "web.log"
    processes.run("migrate", cwd=tmp_path, environment=server.environment)
    asyncio.run(postgresql.kill())

    with (
        processes.companion(server, "worker", log=worker_log) as worker,
        processes.companion(server, "web", log=web_log) as web,
    ):
        processes.wait_for_log("Waiting for the database", worker_log)
        processes.wait_for_log("Waiting for the database", web_log)
        asyncio.run(postgresql.start())
        processes.wait_for_log("worker.started", worker_log)
        processes.wait_for_log("Serving on", web_log)
        codes = processes.end(worker), processes.end(web)

    assert "The database is reachable, after" in worker_log.read_text()
    assert codes == (0, 0)
