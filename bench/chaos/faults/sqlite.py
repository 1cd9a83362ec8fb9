"""Faults of the SQLite file and of the disk that it is on."""

import asyncio
import sqlite3

from bench.chaos.faults.fault import Kind
from bench.chaos.faults.scene import Scene

NAME = "sqlite"
LOCK_SECONDS = 10


async def lock(scene: Scene) -> None:
    """Hold the write lock, as another program with the file open may do."""
    async with scene.lasting(Kind.SQLITE_LOCKED, peer=NAME):
        connection = await asyncio.to_thread(_begin, scene)
        try:
            await scene.wait(1, 8)
        finally:
            connection.close()


def _begin(scene: Scene) -> sqlite3.Connection:
    connection = sqlite3.connect(
        scene.deployment.sqlite_file,
        timeout=LOCK_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("BEGIN IMMEDIATE")
    return connection


async def fill_disk(scene: Scene) -> None:
    """Nothing can be written for some seconds."""
    assert scene.disk
    async with scene.lasting(Kind.DISK_FULL, peer=NAME):
        await asyncio.to_thread(scene.disk.fill)
        await scene.wait(2, 8)
        scene.disk.free()
