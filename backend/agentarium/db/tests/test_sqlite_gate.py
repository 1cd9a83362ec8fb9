import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection

from agentarium.db import sqlite_gate as module
from agentarium.db.sqlite_gate import SqliteGate
from agentarium.db.threads import DatabaseThreads

# As long as a test waits for what has to happen.
LIMIT = 30


@pytest.fixture
def start() -> Iterator[Callable[[Callable[[], None]], Future[None]]]:
    with ThreadPoolExecutor() as pool:
        yield pool.submit


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", LIMIT)


@pytest.mark.usefixtures("_patient")
def test_lets_one_run_after_the_other(
    start: Callable[[Callable[[], None]], Future[None]],
) -> None:
    sqlite_gate, running, most = SqliteGate(), [0], [0]

    def run() -> None:
        with sqlite_gate.hold():
            running[0] += 1
            most[0] = max(most[0], running[0])
            # Any other thread may run now.
            threading.Event().wait(0.001)
            running[0] -= 1

    for each in [start(run) for _ in range(20)]:
        each.result(LIMIT)

    assert most == [1]


@pytest.mark.usefixtures("_patient")
def test_lets_another_run_while_one_waits(
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


def test_lets_nobody_be_held_up_by_one_that_does_not_come_out(
    start: Callable[[Callable[[], None]], Future[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
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
    # Whoever went through beside it has taken nothing from the next.
    with sqlite_gate.hold():
        assert sqlite_gate._turns._is_taken
    assert not sqlite_gate._turns._is_taken


def test_is_nothing_to_other_threads() -> None:
    sqlite_gate = SqliteGate()

    with sqlite_gate.hold():
        outside = threading.Thread(
            target=lambda: sqlite_gate.yield_while_waiting().__enter__()
        )
        outside.start()
        outside.join(LIMIT)

        assert sqlite_gate._turns._is_taken


@pytest.mark.parametrize("in_turn", [True, False])
async def test_work_for_an_event_loop_passes_it_where_it_is_told_to(
    *, in_turn: bool
) -> None:
    threads = DatabaseThreads("test", in_turn=in_turn)

    def is_inside() -> bool:
        return module.sqlite_gate._turns._is_taken

    is_file = connection.vendor == "sqlite"
    assert await threads.run(is_inside) == (in_turn and is_file)
    threads.close()
