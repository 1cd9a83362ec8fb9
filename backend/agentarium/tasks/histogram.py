"""Times counted in bins that grow with them, so that quantiles can be added up.

Four bins for each doubling, from a millisecond on: what is read from them is within a
tenth of the truth, whether it took milliseconds or days.
"""

import math
from collections.abc import Mapping

BINS_PER_DOUBLING = 4


def bin_of(seconds: float) -> int:
    """The bin that a time belongs to."""
    return int(BINS_PER_DOUBLING * math.log2(max(seconds * 1000, 1)))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The time in seconds that `share` of the counted ones did not exceed."""
    rank = share * sum(counts.values())
    before = 0
    for number in sorted(counts):
        here = counts[number]
        if here and before + here >= rank:
            place = number + (rank - before) / here
            return round(2 ** (place / BINS_PER_DOUBLING) / 1000, 3)
        before += here
    return None
