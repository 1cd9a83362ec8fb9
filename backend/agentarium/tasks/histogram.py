"""Durations counted in exponential bins, so that histograms can be added up.

Four bins per doubling, from a millisecond on: quantiles are accurate to a tenth, from
milliseconds to days.
"""

import math
from collections.abc import Mapping

BINS_PER_DOUBLING = 4


def bin_of(seconds: float) -> int:
    """The bin of a duration; below a millisecond, bin 0."""
    return int(BINS_PER_DOUBLING * math.log2(max(seconds * 1000, 1)))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The duration in seconds that `share` of the counted ones do not exceed.

    Interpolated within its bin; None if nothing was counted.
    """
    rank = share * sum(counts.values())
    below = 0
    for number in sorted(counts):
        count = counts[number]
        if count and below + count >= rank:
            position = number + (rank - below) / count
            return round(2 ** (position / BINS_PER_DOUBLING) / 1000, 3)
        below += count
    return None
