"""Faults of PostgreSQL and of the connections to it."""

import time
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from bench.chaos.faults.fault import LEASE_SECONDS, Kind
from bench.chaos.faults.scene import Scene
from bench.chaos.proxy import Proxy

NAME = "postgresql"
TABLES = ("tasks_agenttask", "tasks_event", "tasks_worker")
# All connections of the database but the one that asks.
_BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid
"""


async def take_away(scene: Scene) -> None:
    """Sometimes it is away for longer than a lease."""
    longest = scene.rng.choice((2, 2, LEASE_SECONDS + 5))
    async with scene.lasting(Kind.POSTGRESQL_AWAY, peer=NAME):
        await scene.services[NAME].kill()
        await scene.wait(0, longest)
        await scene.services[NAME].start()


async def silence_for_all(scene: Scene) -> None:
    async with scene.lasting(Kind.POSTGRESQL_SILENT, peer=NAME):
        await _silence(scene, scene.database_proxies)


async def silence_for_one(scene: Scene) -> None:
    """Silent for one worker, while the others go on."""
    index = scene.rng.randrange(len(scene.deployment.workers))
    proxy = scene.database_proxies[1 + index]
    async with scene.lasting(Kind.POSTGRESQL_SILENT_FOR_ONE, peer=NAME) as fault:
        fault.worker = scene.deployment.workers[index].worker_name
        await _silence(scene, [proxy])


async def _silence(scene: Scene, proxies: Sequence[Proxy]) -> None:
    """Sometimes for longer than a lease, and sometimes new connections work."""
    longest = scene.rng.choice((3, LEASE_SECONDS + 6))
    new_ones_too = scene.rng.random() < 0.5
    for proxy in proxies:
        proxy.silence(new_ones_too=new_ones_too)
    await scene.wait(1, longest)
    for proxy in proxies:
        proxy.end_silence()


async def kill_connections(scene: Scene) -> None:
    """Terminate one backend after another, for some seconds."""
    async with scene.lasting(Kind.CONNECTIONS_KILLED, peer=NAME):
        deadline = time.monotonic() + scene.rng.uniform(2, 8)
        async with await _connect(scene) as connection:
            while time.monotonic() < deadline:
                found = await (await connection.execute(_BACKENDS)).fetchall()
                if found:
                    pid = scene.rng.choice(found)[0]
                    await connection.execute("SELECT pg_terminate_backend(%s)", [pid])
                await scene.wait(0.01, 0.3)


async def lock_table(scene: Scene) -> None:
    """Lock a table as a schema change does; what needs it waits."""
    table = scene.rng.choice(TABLES)
    # It waits for long statements, and everything else waits for it.
    async with (
        scene.lasting(Kind.TABLE_LOCKED, peer=NAME),
        await _connect(scene) as connection,
    ):
        with suppress(psycopg.errors.DeadlockDetected):
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                await scene.wait(1, 8)


async def make_jobs_due(scene: Scene) -> None:
    """Let workers run all periodic jobs, unless the database is away."""
    with suppress(psycopg.Error):
        async with await _connect(scene) as connection:
            await connection.execute("UPDATE tasks_periodicjob SET due_at = now()")


async def _connect(scene: Scene) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(
        scene.services[NAME].url, autocommit=True
    )
