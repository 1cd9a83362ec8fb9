"""Who comes next in a pool of utility processes, and what is not tried again."""

import pytest

from agentarium.runtime.utility_process import recent_timeouts, used_time
from agentarium.runtime.utility_process.fair_queue import FairQueue
from agentarium.runtime.utility_process.recent_timeouts import (
    KEPT_SECONDS,
    RecentTimeouts,
)
from agentarium.runtime.utility_process.used_time import HALF_LIFE_SECONDS, UsedTime

ALICE, BOB = 1, 2


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class TestFairQueue:
    def queue(self, clock: Clock) -> FairQueue[str]:
        return FairQueue(2, share=0.5, clock=clock)

    def test_owners_who_have_used_nothing_take_turns(self) -> None:
        queue = self.queue(Clock())
        for job in ("a1", "a2"):
            queue.put(ALICE, job)
        queue.put(BOB, "b1")

        taken = [queue.take(), queue.take()]
        queue.done(ALICE, 0.0)
        taken.append(queue.take())

        assert taken == ["a1", "b1", "a2"]

    def test_an_owner_has_one_job_running(self) -> None:
        queue = self.queue(Clock())
        queue.put(ALICE, "a1")
        queue.put(ALICE, "a2")

        assert queue.take() == "a1"
        assert (queue.ready_owners, queue.take()) == (0, None)
        queue.done(ALICE, 0.0)
        assert (queue.ready_owners, queue.take()) == (1, "a2")

    def test_who_has_used_less_time_comes_first(self) -> None:
        clock = Clock()
        queue = self.queue(clock)
        for owner, seconds in ((ALICE, 0.2), (BOB, 0.1)):
            queue.put(owner, "first")
            queue.take()
            queue.done(owner, seconds)

        for job in ("a1", "a2"):
            queue.put(ALICE, job)
        queue.put(BOB, "b1")

        assert [queue.take(), queue.take()] == ["b1", "a1"]

    def test_owners_over_their_share_leave_a_place_to_each_of_the_others(self) -> None:
        """Two loop with jobs of one second; each of the others finds a place."""
        clock = Clock()
        queue = self.queue(clock)
        for owner in (ALICE, BOB):
            queue.put(owner, "costly")
            assert queue.take() == "costly"
        clock.now += 1
        for owner in (ALICE, BOB):
            queue.done(owner, 1.0)

        ready: list[int] = []
        others: list[str | None] = []
        for turn in range(10):
            for owner in (ALICE, BOB):
                queue.put(owner, "costly")
            ready.append(queue.ready_owners)
            assert queue.take() == "costly"
            queue.put(100 + turn, "cheap")
            others.append(queue.take())
            assert queue.take() is None
            clock.now += 0.001
            queue.done(100 + turn, 0.001)
            assert queue.take() is None
            clock.now += 1
            # They take turns: the one who has used more has just waited.
            queue.done(ALICE if turn % 2 == 0 else BOB, 1.0)

        assert ready == [1] * 10
        assert others == ["cheap"] * 10

    def test_a_job_that_runs_for_longer_than_the_share_counts(self) -> None:
        clock = Clock()
        queue = self.queue(clock)
        queue.put(BOB, "costly")
        queue.take()
        clock.now += 1
        queue.done(BOB, 1.0)
        queue.put(ALICE, "costly")
        queue.take()
        clock.now += 0.6

        queue.put(BOB, "costly")

        assert (queue.ready_owners, queue.take()) == (0, None)

    def test_used_time_is_forgotten(self) -> None:
        clock = Clock()
        queue = self.queue(clock)
        for owner in (ALICE, BOB):
            queue.put(owner, "costly")
            queue.take()
            clock.now += 1
            queue.done(owner, 1.0)

        clock.now += 2 * HALF_LIFE_SECONDS
        for owner in (ALICE, BOB):
            queue.put(owner, "later")

        assert (queue.ready_owners, queue.take(), queue.take()) == (2, "later", "later")


def test_the_accounts_of_used_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(used_time, "MAX_OWNERS", 10)
    used = UsedTime(Clock())

    for owner in range(100):
        used.add(owner, 1.0)

    assert len(used._accounts) <= 10
    assert used.of(99) == 1.0


class TestRecentTimeouts:
    def test_remembers_answers_for_a_while(self) -> None:
        clock = Clock()
        timeouts = RecentTimeouts(clock)
        timeouts.add(b"a", [{"is_usable": True}])

        assert timeouts.find(b"a") == [{"is_usable": True}]
        assert timeouts.find(b"b") is None
        clock.now += KEPT_SECONDS + 1
        assert timeouts.find(b"a") is None

    def test_forgets_the_least_recently_used(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recent_timeouts, "MAX_REQUESTS", 2)
        timeouts = RecentTimeouts(Clock())
        for key in (b"a", b"b"):
            timeouts.add(key, [])
        timeouts.find(b"a")

        timeouts.add(b"c", [])

        assert [timeouts.find(key) for key in (b"a", b"b", b"c")] == [[], None, []]

    def test_limits_the_bytes_of_all_answers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recent_timeouts, "MAX_BYTES", 250)
        monkeypatch.setattr(recent_timeouts, "MAX_ANSWER_BYTES", 150)
        timeouts = RecentTimeouts(Clock())

        timeouts.add(b"a", ["x" * 100])
        timeouts.add(b"b", ["x" * 200])
        timeouts.add(b"c", ["x" * 100])
        timeouts.add(b"d", ["x" * 100])

        known = [timeouts.find(key) is not None for key in (b"a", b"b", b"c", b"d")]
        assert known == [False, False, True, True]
