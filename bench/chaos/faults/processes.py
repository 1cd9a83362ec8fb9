"""Faults of Agentarium's own processes."""

import asyncio
import time

from bench.chaos.deployment import Program
from bench.chaos.faults import postgresql
from bench.chaos.faults.fault import LEASE_SECONDS, Fault, Kind
from bench.chaos.faults.scene import Scene

DAYS_AHEAD = 100
SECONDS_PER_DAY = 86_400


async def kill_worker(scene: Scene) -> None:
    await _kill(scene, Kind.KILL_WORKER, scene.rng.choice(scene.deployment.workers))


async def kill_web(scene: Scene) -> None:
    """Skipped while it starts: on a slow machine it would never serve."""
    if "web" in scene.busy:
        return
    scene.busy.add("web")
    fault = await _kill(scene, Kind.KILL_WEB, scene.deployment.web)
    await scene.deployment.wait_until_up()
    fault.ended_at = time.time()
    scene.busy.discard("web")


async def _kill(
    scene: Scene, kind: Kind, program: Program, *, seconds_ahead: float = 0
) -> Fault:
    fault = scene.record(kind, program.worker_name)
    await program.kill()
    program.start(seconds_ahead=seconds_ahead)
    fault.ended_at = time.time()
    return fault


async def pause_executing(scene: Scene) -> None:
    """Pause a process that runs tasks, for longer than a lease."""
    running = [one for one in scene.deployment.runners if not one.is_paused]
    if running:
        program = scene.rng.choice(running)
        seconds = LEASE_SECONDS + 1, LEASE_SECONDS + 6
        await _pause(scene, Kind.PAUSE_WORKER, program, seconds)


async def pause_web(scene: Scene) -> None:
    """Pause it long enough that clients may time out."""
    if not scene.deployment.web.is_paused:
        seconds = 1, LEASE_SECONDS
        await _pause(scene, Kind.PAUSE_WEB, scene.deployment.web, seconds)


async def _pause(
    scene: Scene, kind: Kind, program: Program, seconds: tuple[float, float]
) -> None:
    fault = scene.record(kind, program.worker_name)
    pid = program.pause()
    await scene.wait(*seconds)
    if program.pid == pid:
        program.resume()
    fault.ended_at = time.time()


async def set_clock_ahead(scene: Scene) -> None:
    """Replace a worker by one whose wall clock is wrong, which others may kill.

    What is old or due is decided by periodic jobs, so they are all due all the time.
    """
    deadline = time.monotonic() + scene.rng.uniform(10, 20)
    program = scene.rng.choice(scene.deployment.workers)
    ahead = DAYS_AHEAD * SECONDS_PER_DAY
    fault = await _kill(scene, Kind.CLOCK_AHEAD, program, seconds_ahead=ahead)
    fault.ended_at = None
    pid = program.pid
    while time.monotonic() < deadline:
        await postgresql.make_jobs_due(scene)
        await asyncio.sleep(1)
    fault.ended_at = time.time()
    if program.pid == pid:
        await _kill(scene, Kind.KILL_WORKER, program)


async def run_second_server(scene: Scene) -> None:
    """Start another server on the same data folder; stop or kill it later."""
    second = scene.deployment.second
    async with scene.lasting(Kind.SECOND_SERVER):
        second.start()
        await scene.wait(8, 16)
        if scene.rng.random() < 0.5:
            scene.record(Kind.KILL_SECOND, second.worker_name).ended_at = time.time()
            await second.kill()
        elif code := await second.stop():
            second.unexpected_exit_codes.append(code)
