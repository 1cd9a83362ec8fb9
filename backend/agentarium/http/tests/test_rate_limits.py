import threading

import pytest

from agentarium.http import rate_limits
from agentarium.http.rate_limits import Allowance, Bucket, Rate, spend


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limits, "time", clock)
    return clock


class TestRate:
    @pytest.mark.parametrize(
        ("text", "rate"),
        [
            ("30/min", Rate(30, 60)),
            ("1/s", Rate(1, 1)),
            ("5/hour", Rate(5, 3600)),
            ("9/day", Rate(9, 86_400)),
        ],
    )
    def test_parses_the_usual_units(self, text: str, rate: Rate) -> None:
        assert Rate.parse(text) == rate

    @pytest.mark.parametrize(
        "text", ["", "30", "0/min", "-1/min", "30/fortnight", "1e3/s", "30/min\n"]
    )
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a rate"):
            Rate.parse(text)


class TestSpending:
    def test_counts_down_and_then_refuses(self, clock: Clock) -> None:
        rate = Rate(2, 60)

        spent = [spend(Bucket("a", rate)) for _ in range(3)]

        # The clock is 40 seconds into a minute.
        assert spent == [
            Allowance(2, 1, 20, is_exceeded=False),
            Allowance(2, 0, 20, is_exceeded=False),
            Allowance(2, 0, 20, is_exceeded=True),
        ]

    def test_starts_over_with_the_next_window(self, clock: Clock) -> None:
        spend(Bucket("a", Rate(1, 60)))
        clock.now += 20

        allowance = spend(Bucket("a", Rate(1, 60)))

        assert allowance == Allowance(1, 0, 60, is_exceeded=False)

    def test_counts_each_bucket_separately(self, clock: Clock) -> None:
        spend(Bucket("a", Rate(1, 60)))

        allowance = spend(Bucket("b", Rate(1, 60)))

        assert not allowance.is_exceeded

    def test_returns_the_bucket_with_the_least_left(self, clock: Clock) -> None:
        allowance = spend(Bucket("a", Rate(9, 60)), Bucket("b", Rate(3, 3600)))

        assert allowance == Allowance(3, 2, 800, is_exceeded=False)

    def test_counts_every_concurrent_request(self, clock: Clock) -> None:
        rate = Rate(1000, 60)
        threads = [
            threading.Thread(
                target=lambda: [spend(Bucket("a", rate)) for _ in range(25)]
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        allowance = spend(Bucket("a", rate))

        assert allowance.remaining == 1000 - 8 * 25 - 1
