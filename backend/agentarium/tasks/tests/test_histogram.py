"""Quantiles of what was counted in bins, beside those of the times themselves."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.tasks.histogram import bin_of, quantile

times = st.floats(min_value=0.001, max_value=7 * 86_400)


@given(st.lists(times, min_size=1), st.sampled_from([0.5, 0.95]))
def test_is_within_a_bin_of_the_truth(seconds: list[float], share: float) -> None:
    rank = share * len(seconds)
    truth = sorted(seconds)[max(0, -int(-rank // 1) - 1)]

    found = quantile(Counter(map(bin_of, seconds)), share)

    assert found == pytest.approx(truth, rel=0.19, abs=0.001)


def test_takes_what_took_no_time_for_a_millisecond() -> None:
    assert bin_of(0) == bin_of(-3) == bin_of(0.001) == 0


def test_has_nothing_to_say_of_nothing() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({3: 0}, 0.5) is None
