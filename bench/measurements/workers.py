"""T8: one, two and four worker processes, which start with a full queue."""

import asyncio
import time
from typing import Any

from bench.client import LIVE, Account, client_for, sign_up
from bench.lab import Lab
from bench.load import load_process
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.systems import serving, start_workers

TASKS = 3000
CLIENTS = 16
POLL_SECONDS = 0.25


def _script(number: int) -> dict[str, Any]:
    return {"text": f"Answer number {number} of the fake provider."}


async def fill(account: Account, tasks: int) -> None:
    async with client_for(account) as client:
        scripts = [_script(number) for number in range(tasks)]
        await client.submit_all(scripts, clients=CLIENTS)


async def drain(account: Account, tasks: int) -> float:
    """Tasks per second, from the first poll at which a task had ended."""
    async with client_for(account) as client:
        while (first := await client.count(LIVE)) == tasks:
            await asyncio.sleep(POLL_SECONDS)
        started_at = time.monotonic()
        await client.until_completed()
        return first / (time.monotonic() - started_at)


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    tasks = effort.count(TASKS)
    workers = {"one": 1, "two": 2, "four": 4}[system]
    with serving(lab, "scaled without worker") as running, load_process() as drive:
        account = drive(sign_up, running.url)
        drive(fill, account, tasks)
        start_workers(lab, running, workers)
        rate = drive(drain, account, tasks)
        completed = lab.provider_stats()["completed"]
        assert completed == tasks, completed
    return {"tasks_per_second": rate}


WORKERS = Measurement(
    name="T8",
    title="One, two and four worker processes",
    systems=("one", "two", "four"),
    run=run,
    compared=("tasks_per_second",),
    plotted=("tasks_per_second",),
    aims=(Aim("two", "tasks_per_second", at_least=1.7, times="one"),),
)
