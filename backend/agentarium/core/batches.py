"""Batches, each small enough for one transaction or one statement."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, up to `size` at a time. `itertools` has it from Python 3.12."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
