"""Faults of readers."""

from bench.chaos.faults.fault import Kind
from bench.chaos.faults.scene import Scene


async def never_read(scene: Scene) -> None:
    """Open streams, and take nothing from them."""
    async with scene.lasting(Kind.READERS_STALLED), scene.users.stalled_readers():
        await scene.wait(5, 15)
