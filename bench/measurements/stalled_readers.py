"""T9: readers that never read a long output, and what they cost the others."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from bench.client import Account, client_for, sign_up
from bench.lab import Lab
from bench.load import LoadProcess, load_process
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.statistics import percentile
from bench.systems import RunningSystem, serving

READERS = 20
TEXT = "ten bytes " * 100
REPEATS = 10_000
PIECES = 400
VICTIM = "/api/auth/me/"
VICTIM_REQUESTS = 100
# Memory has settled when it has not grown for this long.
SETTLED_SECONDS = 3.0
POLL_SECONDS = 0.2


async def write_output(account: Account) -> int:
    """Run a task with an output of 10 MB; returns its id."""
    async with client_for(account) as client:
        script = {"text": TEXT, "repeats": REPEATS, "pieces": PIECES}
        task_id = await client.submit(script)
        await client.until_completed()
        return task_id


async def time_requests(account: Account, number: int) -> list[float]:
    """Seconds of requests of another connection, one after the other."""
    seconds = []
    async with client_for(account) as client:
        for _ in range(number):
            started_at = time.monotonic()
            async with client.http.get(VICTIM) as response:
                assert response.status == 200, await response.read()
            seconds.append(time.monotonic() - started_at)
            await asyncio.sleep(0.01)
    return seconds


@contextmanager
def stalled(account: Account, path: str, number: int) -> Iterator[None]:
    """Connections that request a path and never read."""
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(_stalled(account, path))
        yield


def _stalled(account: Account, path: str) -> socket.socket:
    address = urlsplit(account.url)
    connection = socket.socket()
    # Set before connecting: the kernel takes in as little as possible.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((address.hostname, address.port))
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
        f"Authorization: Bearer {account.token}\r\n\r\n".encode()
    )
    return connection


def _settled_bytes(running: RunningSystem) -> int:
    """Resident memory once it has stopped growing."""
    most, grown_at = running.resident_bytes(), time.monotonic()
    while time.monotonic() < grown_at + SETTLED_SECONDS:
        time.sleep(POLL_SECONDS)
        now = running.resident_bytes()
        if now > most:
            most, grown_at = now, time.monotonic()
    return running.resident_bytes()


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    number = effort.count(READERS)
    with serving(lab, system) as running, load_process() as drive:
        account = drive(sign_up, running.url)
        task_id = drive(write_output, account)
        path = f"/api/tasks/{task_id}/events/"
        # What a single reader needs once is not counted for each.
        with stalled(account, path, 1):
            before = _settled_bytes(running)
        return _measure(running, drive, account, path, before, number)


def _measure(
    running: RunningSystem,
    drive: LoadProcess,
    account: Account,
    path: str,
    before: int,
    number: int,
) -> Figures:
    alone = drive(time_requests, account, VICTIM_REQUESTS)
    with stalled(account, path, number):
        with_stalled = drive(time_requests, account, VICTIM_REQUESTS)
        after = _settled_bytes(running)
    return {
        "megabytes_per_reader": (after - before) / number / 2**20,
        "megabytes": after / 2**20,
        "request_ms_p50_alone": percentile(alone, 50) * 1000,
        "request_ms_max_alone": max(alone) * 1000,
        "request_ms_p50": percentile(with_stalled, 50) * 1000,
        "request_ms_max": max(with_stalled) * 1000,
    }


STALLED_READERS = Measurement(
    name="T9",
    title="Readers that never read an output of 10 MB",
    systems=("embedded", "scaled"),
    run=run,
    compared=("megabytes_per_reader",),
    aims=(
        Aim("embedded", "megabytes_per_reader", at_most=1.5),
        Aim("scaled", "megabytes_per_reader", at_most=1.5),
        Aim("embedded", "request_ms_max", at_most=500),
        Aim("scaled", "request_ms_max", at_most=500),
    ),
)
