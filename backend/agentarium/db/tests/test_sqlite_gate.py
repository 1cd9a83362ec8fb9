import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection

from agentarium.db import sqlite_gate as module
from agentarium.db.sqlite_gate import SqliteGate
from agentarium.db.threads import DatabaseThreads

# Seconds that a test waits for another thread.
LIMIT = 30


@pytest.fixture
def start() -> Iterator[Callable[[Callable[[], None]], Future[None]]]:
    with ThreadPoolExecutor() as pool:
        yield pool.submit


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAIT_SECONDS", LIMIT)


@pytest.mark.usefixtures("_patient")
def test_lets_one_thread_run_at_a_time(
    start: Callable[[Callable[[], None]], Future[None]],
) -> None:
    sqlite_gate, running, peak = SqliteGate(), [0], [0]

    def run() -> None:
        with sqlite_gate.hold():
            running[0] += 1
            peak[0] = max(peak[0], running[0])
            # Releases the GIL, so that any other thread may run now.
            threading.Event().wait(0.001)
            running[0] -= 1

    for each in [start(run) for _ in range(20)]:
        each.result(LIMIT)

    assert peak == [1]


@pytest.mark.usefixtures("_patient")
def test_lets_another_thread_run_while_the_holder_waits(
    start: Callable[[Callable[[], None]], Future[None]],
) -> None:
    sqlite_gate, other_ran = SqliteGate(), threading.Event()

    def wait_for_other() -> None:
        with sqlite_gate.hold(), sqlite_gate.yield_while_waiting():
            assert other_ran.wait(LIMIT)

    def run() -> None:
        with sqlite_gate.hold():
            other_ran.set()

    for each in (start(wait_for_other), start(run)):
        each.result(LIMIT)


def test_a_holder_that_never_leaves_blocks_no_one(
    start: Callable[[Callable[[], None]], Future[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_WAIT_SECONDS", 0.01)
    sqlite_gate, is_inside, may_leave = (
        SqliteGate(),
        threading.Event(),
        threading.Event(),
    )

    def stay() -> None:
        with sqlite_gate.hold():
            is_inside.set()
            assert may_leave.wait(LIMIT)

    staying = start(stay)
    assert is_inside.wait(LIMIT)

    with sqlite_gate.hold():
        may_leave.set()

    staying.result(LIMIT)
    # The thread that passed anyway has not released the next holder's lock.
    with sqlite_gate.hold():
        assert sqlite_gate._lock._is_taken
    assert not sqlite_gate._lock._is_taken


def test_yielding_does_nothing_in_a_thread_that_is_not_inside() -> None:
    sqlite_gate = SqliteGate()

    with sqlite_gate.hold():
        outside = threading.Thread(
            target=lambda: sqlite_gate.yield_while_waiting().__enter__()
        )
        outside.start()
        outside.join(LIMIT)

        assert sqlite_gate._lock._is_taken


@pytest.mark.parametrize("through_gate", [True, False])
async def test_database_threads_pass_it_if_they_are_to(*, through_gate: bool) -> None:
    threads = DatabaseThreads("test", through_gate=through_gate)

    def is_inside() -> bool:
        return module.sqlite_gate._lock._is_taken

    is_file = connection.vendor == "sqlite"
    assert await threads.run(is_inside) == (through_gate and is_file)
    threads.close()
