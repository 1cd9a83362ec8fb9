"""T2: a thousand concurrent tasks, each answer streamed in 50 pieces over 2 s."""

import asyncio
import time
from typing import Any

import aiohttp

from bench.client import Account, check_outputs, client_for, sign_up
from bench.lab import Lab
from bench.load import load_process
from bench.measurement import Aim, Effort, Figures, Measurement, cpu_figures
from bench.systems import OURS, serving

TASKS = 1000
CLIENTS = 32
WARM_UP = 50
PIECES = 50
SECONDS = 2.0
PIECE = "tokens of number {}, "


# If no further request reaches the provider for this long, no more will.
IDLE_SECONDS = 2.0


def _script(number: int, gate: str) -> dict[str, Any]:
    text = PIECE.format(number) * PIECES
    delay = SECONDS / (PIECES - 1)
    return {"text": text, "pieces": PIECES, "delay": delay, "gate": gate}


async def stream(
    account: Account, provider: str, scripts: list[dict[str, Any]]
) -> tuple[float, dict[int, str]]:
    """Return the seconds of streaming, and the expected outputs by task id.

    The provider starts streaming when all requests have arrived, so that all tasks run
    concurrently.
    """
    async with client_for(account) as client, aiohttp.ClientSession(provider) as http:
        outputs = await client.submit_all(scripts, clients=CLIENTS)
        await _wait_for_requests(http, len(scripts))
        started_at = time.monotonic()
        async with http.post(f"/__open/{scripts[0]['gate']}"):
            await client.until_completed()
        return time.monotonic() - started_at, outputs


async def _wait_for_requests(provider: aiohttp.ClientSession, number: int) -> None:
    open_requests, moved_at = 0, time.monotonic()
    while open_requests < number and time.monotonic() < moved_at + IDLE_SECONDS:
        async with provider.get("/__stats") as response:
            now: int = (await response.json())["open"]
        if now > open_requests:
            open_requests, moved_at = now, time.monotonic()
        await asyncio.sleep(0.1)


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    number = effort.count(TASKS)
    warm_up = [_script(each, "warm-up") for each in range(WARM_UP)]
    scripts = [_script(WARM_UP + each, "measured") for each in range(number)]
    with serving(lab, system) as running, load_process() as drive:
        account = drive(sign_up, running.url)
        drive(stream, account, lab.provider, warm_up)
        running.reset_peak()
        memory = running.resident_bytes()
        with running.measured() as used:
            seconds, outputs = drive(stream, account, lab.provider, scripts)
        peak = running.peak_bytes()
        stats = lab.provider_stats()
        assert stats["completed"] == number + WARM_UP, stats
        if system in OURS:
            drive(check_outputs, account, outputs)
    return {
        "seconds": seconds,
        **cpu_figures(used, number),
        "kilobytes_per_task": (peak - memory) / number / 1024,
        "concurrent": stats["peak_open"],
        "load_cpu": drive.peak_cpu,
    }


STREAMS = Measurement(
    name="T2",
    title="A thousand concurrent tasks, each streamed in 50 pieces over 2 s",
    systems=("asyncio", "celery", "embedded", "scaled"),
    run=run,
    compared=("seconds", "cpu_ms_per_task", "kilobytes_per_task"),
    plotted=("seconds", "cpu_ms_per_task"),
    aims=(
        Aim("embedded", "seconds", at_most=2, times="asyncio"),
        Aim("scaled", "seconds", at_most=2, times="asyncio"),
        Aim("embedded", "cpu_ms_per_task", at_most=6),
        Aim("scaled", "cpu_ms_per_task", at_most=6),
        Aim("embedded", "kilobytes_per_task", at_most=400),
        Aim("scaled", "kilobytes_per_task", at_most=400),
    ),
)
