"""Quantiles of histograms, compared with those of the exact durations."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentarium.tasks.histogram import bin_of, quantile

durations = st.floats(min_value=0.001, max_value=7 * 86_400)


@given(st.lists(durations, min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_within_one_bin_of_the_exact_value(
    seconds: list[float], share: float
) -> None:
    rank = share * len(seconds)
    exact = sorted(seconds)[max(0, -int(-rank // 1) - 1)]

    estimate = quantile(Counter(map(bin_of, seconds)), share)

    assert estimate == pytest.approx(exact, rel=0.19, abs=0.001)


def test_durations_below_a_millisecond_are_in_the_first_bin() -> None:
    assert bin_of(0) == bin_of(-3) == bin_of(0.001) == 0


def test_an_empty_histogram_has_no_quantiles() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({3: 0}, 0.5) is None
