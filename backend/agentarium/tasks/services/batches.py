"""Splitting an action on many tasks into transactions of limited size."""

from collections.abc import Iterator, Sequence

from agentarium.core.batches import batched

# The most tasks that one transaction locks, so that no lock is held for long: on SQLite,
# nothing else is written meanwhile.
BATCH = 50


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return batched(ids, BATCH)
