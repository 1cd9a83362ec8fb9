"""T6: requests per second of an API route that does nothing, and of the task list."""

import asyncio
import time
from collections import Counter

from bench.client import Account, client_for, run_all, sign_up
from bench.lab import Lab
from bench.load import LoadProcess, load_process
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.systems import OURS, RunningSystem, serving

# It returns the caller, whom every route has to identify.
EMPTY = "/api/auth/me/"
LIST = "/api/tasks/"
TASKS = 30
CLIENTS = 16
WARM_UP = 200
REQUESTS = 3000


async def send_requests(account: Account, path: str, number: int) -> float:
    """Return the seconds that `number` requests took."""
    waiting = iter(range(number))

    async with client_for(account) as client:

        async def work() -> None:
            for _ in waiting:
                async with client.http.get(path) as response:
                    assert response.status == 200, await response.read()
                    await response.read()

        started_at = time.monotonic()
        await asyncio.gather(*(work() for _ in range(CLIENTS)))
        return time.monotonic() - started_at


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    number = effort.count(REQUESTS)
    with serving(lab, system) as running, load_process() as drive:
        if system not in OURS:
            account = Account(running.url, "", 0)
            return _measure(running, drive, account, EMPTY, number)
        account = drive(sign_up, running.url)
        scripts = [{"text": f"Answer {each}."} for each in range(TASKS)]
        drive(run_all, account, scripts, clients=CLIENTS)
        listed = _measure(running, drive, account, LIST, number)
        return {
            **_measure(running, drive, account, EMPTY, number),
            **{f"{name}_of_tasks": figure for name, figure in listed.items()},
        }


def _measure(
    running: RunningSystem, drive: LoadProcess, account: Account, path: str, number: int
) -> Figures:
    drive(send_requests, account, path, WARM_UP)
    used: Counter[str]
    with running.measured() as used:
        seconds = drive(send_requests, account, path, number)
    return {
        "requests_per_second": number / seconds,
        "cpu_us_per_request": used.total() / number * 1e6,
    }


REQUEST_RATE = Measurement(
    name="T6",
    title="Requests of an empty route, and of the task list",
    systems=("django", "embedded", "scaled"),
    run=run,
    compared=("requests_per_second", "cpu_us_per_request"),
    aims=(
        Aim("embedded", "requests_per_second", at_least=0.5, times="django"),
        Aim("scaled", "requests_per_second", at_least=0.5, times="django"),
    ),
)
