"""T3: the latency added to the first token, between the provider and 50 readers."""

import asyncio
import time

from bench.client import Account, Client, client_for, sign_up
from bench.fake_provider.script import STAMP
from bench.lab import Lab
from bench.load import load_process
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.readers import Reader, verified_lags
from bench.statistics import percentile
from bench.systems import OURS, serving

READERS = 50
TASKS = 100
# Time for the reader to connect before the provider's first token; not counted.
FIRST_DELAY = 2.0
PIECES = 40
DELAY = 0.2
TASK_SECONDS = FIRST_DELAY + PIECES * DELAY
SCRIPT = {
    "text": STAMP * PIECES,
    "pieces": PIECES,
    "first_delay": FIRST_DELAY,
    "delay": DELAY,
    "is_stamped": True,
}


class WatchedTask:
    """A task, and a client that submits it and reads its stream."""

    def __init__(self) -> None:
        self.from_submit = 0.0
        self.reader: Reader

    async def run(self, account: Account, client: Client) -> None:
        submitted_at = time.monotonic()
        task_id = await client.submit(SCRIPT)
        self.reader = await Reader.open(account, task_id)
        await self.reader.ended
        first_at = float(self.reader.stamps[0][1:]) + self.reader.lags[0]
        self.from_submit = first_at - submitted_at - FIRST_DELAY


async def watch(
    account: Account, number: int, *, are_stored: bool
) -> tuple[list[float], list[float], list[float]]:
    """Added seconds: from submit to the first token; to first tokens; to all tokens."""
    watched = [WatchedTask() for _ in range(number)]
    async with client_for(account) as client, asyncio.TaskGroup() as group:
        for each in watched:
            group.create_task(each.run(account, client))
            # Keeps the number of concurrent readers constant.
            await asyncio.sleep(TASK_SECONDS / READERS)
    readers = [each.reader for each in watched]
    outputs = {}
    if are_stored:
        async with client_for(account) as client:
            outputs = {one.task_id: await client.output(one.task_id) for one in readers}
    lags = list(verified_lags(readers, outputs))
    return (
        [each.from_submit for each in watched],
        [reader.lags[0] for reader in readers],
        lags,
    )


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    number = effort.count(TASKS)
    are_stored = system in OURS
    with serving(lab, system) as running, load_process() as drive:
        account = drive(sign_up, running.url)
        drive(watch, account, 20, are_stored=are_stored)
        with running.measured():
            from_submit, first, each = drive(
                watch, account, number, are_stored=are_stored
            )
    return {
        "first_token_ms_p50": percentile(first, 50) * 1000,
        "first_token_ms_p99": percentile(first, 99) * 1000,
        "any_token_ms_p50": percentile(each, 50) * 1000,
        "any_token_ms_p99": percentile(each, 99) * 1000,
        "submit_to_first_token_ms_p50": percentile(from_submit, 50) * 1000,
        "submit_to_first_token_ms_p99": percentile(from_submit, 99) * 1000,
        "load_cpu": drive.peak_cpu,
    }


FIRST_TOKEN = Measurement(
    name="T3",
    title="What is added to the provider's first token, 50 readers",
    systems=("asyncio", "embedded", "scaled"),
    run=run,
    compared=(
        "first_token_ms_p50",
        "first_token_ms_p99",
        "submit_to_first_token_ms_p50",
    ),
    plotted=("first_token_ms_p50",),
    aims=(
        Aim("embedded", "first_token_ms_p50", at_most=10),
        Aim("scaled", "first_token_ms_p50", at_most=10),
        Aim("embedded", "first_token_ms_p99", at_most=50),
        Aim("scaled", "first_token_ms_p99", at_most=50),
    ),
)
