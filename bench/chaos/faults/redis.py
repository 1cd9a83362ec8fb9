"""Faults of Redis and of the connections to it."""

from bench.chaos.faults.fault import Kind
from bench.chaos.faults.scene import Scene

NAME = "redis"
SLOW_SECONDS = 0.5


async def take_away(scene: Scene) -> None:
    async with scene.lasting(Kind.REDIS_AWAY, peer=NAME):
        await scene.services[NAME].kill()
        await scene.wait(0.5, 6)
        await scene.services[NAME].start()


async def silence(scene: Scene) -> None:
    """Sometimes new connections work."""
    assert scene.redis_proxy
    async with scene.lasting(Kind.REDIS_SILENT, peer=NAME):
        scene.redis_proxy.silence(new_ones_too=scene.rng.random() < 0.5)
        await scene.wait(2, 12)
        scene.redis_proxy.end_silence()


async def slow_down(scene: Scene) -> None:
    """Delay each piece in both directions."""
    assert scene.redis_proxy
    async with scene.lasting(Kind.REDIS_SLOW, peer=NAME):
        scene.redis_proxy.delay = SLOW_SECONDS
        await scene.wait(4, 12)
        scene.redis_proxy.delay = 0
