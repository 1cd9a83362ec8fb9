"""Doing the same to many tasks, a batch in each transaction."""

from collections.abc import Iterator, Sequence

from agentarium.core.batches import batched

# Tasks that are locked by one transaction, so that no lock is held for long.
BATCH = 200


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return batched(ids, BATCH)
