"""T1: tasks that are answered immediately, submitted over HTTP by 32 clients."""

import asyncio
import time
from typing import Any

from bench.client import Account, check_outputs, client_for, run_all, sign_up
from bench.lab import Lab
from bench.load import load_process
from bench.measurement import Aim, Effort, Figures, Measurement, cpu_figures
from bench.statistics import percentile
from bench.systems import STORED, serving

CLIENTS = 32
TASKS = 2000
WARM_UP = 100
STEADY_PER_SECOND = 100
STEADY_SECONDS = 5


def _script(number: int) -> dict[str, Any]:
    return {"text": f"Answer number {number} of the fake provider."}


async def submit_steadily(account: Account, seconds: int) -> list[float]:
    """Submit at a steady rate; milliseconds from when each was due to its response."""
    times = []

    async with client_for(account) as client:

        async def submit(number: int, due_at: float) -> None:
            await client.submit(_script(number))
            times.append((time.monotonic() - due_at) * 1000)

        started_at = time.monotonic()
        submitting = []
        for number in range(seconds * STEADY_PER_SECOND):
            due_at = started_at + number / STEADY_PER_SECOND
            await asyncio.sleep(due_at - time.monotonic())
            submitting.append(asyncio.create_task(submit(number, due_at)))
        await asyncio.gather(*submitting)
        await client.until_completed()
    return times


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    number = effort.count(TASKS)
    scripts = [_script(each) for each in range(WARM_UP + number)]
    with serving(lab, system) as running, load_process() as drive:
        account = drive(sign_up, running.url)
        drive(run_all, account, scripts[:WARM_UP], clients=CLIENTS)
        with running.measured() as used:
            seconds, outputs = drive(
                run_all, account, scripts[WARM_UP:], clients=CLIENTS
            )
        busy = drive.peak_cpu
        times = drive(submit_steadily, account, effort.count(STEADY_SECONDS))
        _check(lab, number + WARM_UP + len(times))
        if system in STORED:
            drive(check_outputs, account, outputs)
    return {
        "tasks_per_second": number / seconds,
        **cpu_figures(used, number),
        "submit_ms_p50": percentile(times, 50),
        "submit_ms_p99": percentile(times, 99),
        "load_cpu": busy,
    }


def _check(lab: Lab, number: int) -> None:
    completed = lab.provider_stats()["completed"]
    assert completed == number, f"the provider answered {completed} of {number}"


THROUGHPUT = Measurement(
    name="T1",
    title="Tasks that are answered immediately",
    systems=("asyncio", "celery", "plain", "embedded", "scaled"),
    run=run,
    compared=("tasks_per_second", "cpu_ms_per_task", "submit_ms_p50", "submit_ms_p99"),
    plotted=("tasks_per_second", "cpu_ms_per_task"),
    aims=(
        Aim("embedded", "cpu_ms_per_task", at_most=4),
        Aim("scaled", "cpu_ms_per_task", at_most=6),
        Aim("embedded", "tasks_per_second", at_least=1, times="celery"),
        Aim("scaled", "tasks_per_second", at_least=1, times="celery"),
        Aim("embedded", "submit_ms_p99", at_most=50),
        Aim("scaled", "submit_ms_p99", at_most=50),
    ),
)
