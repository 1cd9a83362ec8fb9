"""T4: 2,000 readers of 100 tasks."""

import asyncio

import aiohttp

from bench.client import Account, client_for, sign_up
from bench.fake_provider.script import STAMP
from bench.lab import Lab
from bench.load import load_process
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.readers import Reader, verified_lags
from bench.statistics import percentile
from bench.systems import OURS, serving

TASKS = 100
READERS_EACH = 20
PIECES = 20
# Seconds between a task's pieces; they differ, so that tasks do not emit in step.
SHORTEST, LONGEST = 0.4, 0.6
CONCURRENT_OPENS = 50
GATE = "all-readers-connected"


def _script(number: int, tasks: int) -> dict[str, object]:
    place = number / tasks
    return {
        "text": STAMP * PIECES,
        "pieces": PIECES,
        "gate": GATE,
        "first_delay": place,
        "delay": SHORTEST + (LONGEST - SHORTEST) * place,
        "is_stamped": True,
    }


async def watch(
    account: Account, provider: str, tasks: int, *, are_stored: bool
) -> list[float]:
    """Seconds from the provider to a reader, for each piece and reader."""
    async with client_for(account) as client:
        ids = [await client.submit(_script(number, tasks)) for number in range(tasks)]
        readers = await _open(account, ids * READERS_EACH)
        async with aiohttp.ClientSession() as http:
            await http.post(f"{provider}/__open/{GATE}")
        await asyncio.gather(*(reader.ended for reader in readers))
        outputs = {each: await client.output(each) for each in ids if are_stored}
    return list(verified_lags(readers, outputs))


async def _open(account: Account, ids: list[int]) -> list[Reader]:
    waiting = iter(ids)

    async def work() -> list[Reader]:
        return [await Reader.open(account, task_id) for task_id in waiting]

    opened = await asyncio.gather(*(work() for _ in range(CONCURRENT_OPENS)))
    return [reader for readers in opened for reader in readers]


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    tasks = effort.count(TASKS)
    readers = tasks * READERS_EACH
    with serving(lab, system) as running, load_process() as drive:
        account = drive(sign_up, running.url)
        running.reset_peak()
        before = running.resident_bytes()
        with running.measured() as used:
            lags = drive(watch, account, lab.provider, tasks, are_stored=system in OURS)
        peak = running.peak_bytes()
    assert len(lags) == readers * PIECES, len(lags)
    return {
        "behind_ms_p50": percentile(lags, 50) * 1000,
        "behind_ms_p99": percentile(lags, 99) * 1000,
        "kilobytes_per_reader": (peak - before) / readers / 1024,
        "cpu_us_per_delivery": used.total() / len(lags) * 1e6,
        "load_cpu": drive.peak_cpu,
    }


READERS = Measurement(
    name="T4",
    title="2,000 readers who watch 100 tasks",
    systems=("asyncio", "embedded", "scaled"),
    run=run,
    compared=("behind_ms_p50", "behind_ms_p99", "cpu_us_per_delivery"),
    plotted=("behind_ms_p99",),
    aims=(
        Aim("embedded", "behind_ms_p99", at_most=250),
        Aim("scaled", "behind_ms_p99", at_most=250),
    ),
)
