"""Processes that can be killed, and the pool that shares them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import agentarium
from agentarium.runtime.utility_process import pool as pool_module
from agentarium.runtime.utility_process.pool import Outcome, UtilityPool, failures
from agentarium.tests.eventually import eventually_sync

HANDLER = "agentarium.runtime.tests.utility_handler"
ALICE, BOB = 1, 2
# No test waits this long: it is for requests that must not end.
LONG = 300.0
SHORT = 0.2


@pytest.fixture
def pool() -> Iterator[UtilityPool]:
    pool = UtilityPool(HANDLER, seconds=LONG)
    yield pool
    pool.close()


@pytest.fixture
def hasty() -> Iterator[UtilityPool]:
    pool = UtilityPool(HANDLER, seconds=SHORT)
    yield pool
    pool.close()


def asked(pool: UtilityPool, do: str, owner: int = ALICE, **options: object) -> Outcome:
    return pool.submit({"do": do, **options}, owner=owner).result(LONG)


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and ") Z " not in state.read_text()


class TestUtilityPool:
    def test_answers_threads(self, pool: UtilityPool) -> None:
        value = {"a": ["ü", None, 1.5]}

        assert asked(pool, "echo", value=value) == Outcome([value])

    async def test_answers_event_loops(self, pool: UtilityPool) -> None:
        request = {"do": "echo", "value": "x" * 3_000_000}

        outcomes = await asyncio.gather(
            *(pool.ask(request, owner=owner) for owner in range(4))
        )

        assert outcomes == [Outcome(["x" * 3_000_000])] * 4

    def test_uses_a_process_again(self, pool: UtilityPool) -> None:
        assert asked(pool, "pid") == asked(pool, "pid", owner=BOB)

    def test_kills_a_process_that_hangs_and_answers_the_next_request(
        self, hasty: UtilityPool
    ) -> None:
        failed = failures[HANDLER, "timeout"]
        pid = asked(hasty, "pid").answers[0]

        hung = asked(hasty, "hang")
        answered = asked(hasty, "echo", value=1)

        assert hung == Outcome(["first"], "timeout")
        assert not is_running(pid)
        assert answered == Outcome([1])
        assert failures[HANDLER, "timeout"] == failed + 1

    def test_does_not_try_again_what_took_too_long(self, hasty: UtilityPool) -> None:
        first = asked(hasty, "hang")
        failed = failures[HANDLER, "timeout"]

        again = asked(hasty, "hang", owner=BOB)

        assert first == again == Outcome(["first"], "timeout")
        assert failures[HANDLER, "timeout"] == failed

    def test_does_not_try_what_begins_with_what_took_too_long(
        self, hasty: UtilityPool
    ) -> None:
        beginning = {"do": "hang", "answers": []}
        hasty.submit(beginning | {"with": 1}, owner=ALICE, beginning=beginning).result(
            LONG
        )
        failed = failures[HANDLER, "timeout"]

        again = hasty.submit(beginning | {"with": 2}, owner=BOB, beginning=beginning)

        assert again.result(LONG) == Outcome([], "timeout")
        assert failures[HANDLER, "timeout"] == failed

    def test_tries_again_what_has_got_further_than_the_beginning(
        self, hasty: UtilityPool
    ) -> None:
        beginning = {"do": "echo", "value": 1}
        hang = {"do": "hang"}
        hasty.submit(hang, owner=ALICE, beginning=beginning).result(LONG)

        later = hasty.submit(beginning, owner=BOB, beginning=beginning)

        assert later.result(LONG) == Outcome([1])

    def test_counts_the_time_of_the_processor(self, hasty: UtilityPool) -> None:
        asked(hasty, "echo", owner=ALICE, value=1)
        asked(hasty, "hang", owner=BOB)

        eventually_sync("both to be counted", lambda: hasty._queue._used.of(BOB))
        used = [hasty._queue._used.of(owner) for owner in (ALICE, BOB)]

        assert 0 < used[0] < SHORT / 2 < used[1]

    def test_replaces_a_process_that_ends_by_itself(self, pool: UtilityPool) -> None:
        assert asked(pool, "fail") == Outcome([], "died")
        assert asked(pool, "echo", value=1) == Outcome([1])

    def test_replaces_a_process_that_was_ended_while_idle(
        self, pool: UtilityPool
    ) -> None:
        pid = asked(pool, "pid").answers[0]
        os.kill(pid, 9)
        eventually_sync("the process to end", lambda: not is_running(pid))

        assert asked(pool, "echo", value=1) == Outcome([1])

    def test_limits_the_memory(self, pool: UtilityPool) -> None:
        assert asked(pool, "allocate", bytes=1_000_000) == Outcome([1_000_000])
        assert asked(pool, "allocate", bytes=1_000_000_000) == Outcome([], "died")

    def test_keeps_what_is_printed_out_of_the_answers(self, pool: UtilityPool) -> None:
        assert asked(pool, "print") == Outcome(["done"])

    def test_inherits_no_keys(
        self, pool: UtilityPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "secret")

        assert "OPENAI_API_KEY" not in asked(pool, "environment").answers[0]

    def test_replaces_a_process_after_many_requests(
        self, pool: UtilityPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool_module, "MAX_REQUESTS", 2)

        pids = [asked(pool, "pid").answers[0] for _ in range(4)]

        assert pids[0] == pids[1] != pids[2] == pids[3]

    def test_ends_an_idle_process(
        self, pool: UtilityPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool_module, "IDLE_SECONDS", 0.01)
        pid = asked(pool, "pid").answers[0]

        eventually_sync("the process to end", lambda: not is_running(pid))

        assert asked(pool, "echo", value=1) == Outcome([1])

    def test_one_owner_does_not_block_another(self, pool: UtilityPool) -> None:
        hanging = [pool.submit({"do": "hang"}, owner=ALICE) for _ in range(5)]

        answered = asked(pool, "echo", owner=BOB, value=1)

        assert answered == Outcome([1])
        assert [future.done() for future in hanging] == [False] * 5
        pool.close()
        assert [future.done() for future in hanging] == [True] * 5

    def test_skips_a_request_that_was_cancelled_while_waiting(
        self, hasty: UtilityPool
    ) -> None:
        first = hasty.submit({"do": "hang"}, owner=ALICE)
        second = hasty.submit({"do": "hang"}, owner=ALICE)

        assert second.cancel()
        assert asked(hasty, "echo", value=1) == Outcome([1])
        assert first.result(LONG).failure == "timeout"

    def test_refuses_what_is_not_json(self, pool: UtilityPool) -> None:
        with pytest.raises(TypeError):
            pool.submit({"do": object()}, owner=ALICE)

    def test_closing_ends_a_running_request(self, pool: UtilityPool) -> None:
        pid = asked(pool, "pid").answers[0]
        hanging = pool.submit({"do": "hang"}, owner=ALICE)
        eventually_sync("the request to run", hanging.running)

        pool.close()

        assert hanging.result(LONG).failure == "died"
        assert not is_running(pid)


def test_a_process_ends_with_its_killed_parent() -> None:
    program = (
        "from agentarium.runtime.utility_process.pool import UtilityPool\n"
        f"pool = UtilityPool({HANDLER!r}, seconds=60)\n"
        "print(*pool.submit({'do': 'pid'}, owner=1).result().answers, flush=True)\n"
        "input()\n"
    )
    package = Path(agentarium.__file__).parent.parent
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(package)},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        was_running = is_running(pid)
        parent.kill()

    assert was_running
    eventually_sync("the process to end", lambda: not is_running(pid))
