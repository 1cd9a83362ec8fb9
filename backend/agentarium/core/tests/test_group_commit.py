"""Many threads' work is one transaction, and each gets its own outcome."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentarium.core.group_commit import GroupCommit

SOON = 5.0


class Writer:
    """Doubles numbers, once it may; refuses 13 as an outcome, and 7 by raising."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_write = threading.Event()
        self.is_writing = threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.batches.append([*items])
        self.is_writing.set()
        assert self.may_write.wait(SOON)
        if 7 in items:
            raise ValueError("seven")
        return [KeyError(13) if item == 13 else item * 2 for item in items]


@pytest.fixture
def writer() -> Writer:
    return Writer()


def _run_while_one_is_written(
    writer: Writer, items: Sequence[int]
) -> list[int | BaseException | None]:
    """The outcomes of 1, which is written first and alone, and of `items`."""
    group = GroupCommit[int, int](writer)
    with ThreadPoolExecutor(len(items) + 1) as pool:
        futures = [pool.submit(group.run, 1)]
        assert writer.is_writing.wait(SOON)
        for item in items:
            futures.append(pool.submit(group.run, item))
            while len(group._waiting) < len(futures) - 1:
                threading.Event().wait(0.001)
        writer.may_write.set()
        return [future.exception(SOON) or future.result() for future in futures]


@pytest.mark.django_db
class TestGroupCommit:
    def test_takes_along_what_came_meanwhile(self, writer: Writer) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 3, 4])

        assert outcomes == [2, 4, 6, 8]
        assert writer.batches == [[1], [2, 3, 4]]

    def test_raises_an_outcome_that_is_an_error_where_it_belongs(
        self, writer: Writer
    ) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 13, 4])

        assert [outcomes[0], outcomes[1], outcomes[3]] == [2, 4, 8]
        assert isinstance(outcomes[2], KeyError)
        assert writer.batches == [[1], [2, 13, 4]]

    def test_writes_each_alone_if_together_they_cannot_be(self, writer: Writer) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 7, 4])

        assert [outcomes[0], outcomes[1], outcomes[3]] == [2, 4, 8]
        assert isinstance(outcomes[2], ValueError)
        assert writer.batches == [[1], [2, 7, 4], [2], [7], [4]]

    def test_is_a_part_of_the_callers_transaction(self, writer: Writer) -> None:
        writer.may_write.set()
        group = GroupCommit[int, int](writer)
        group._turn.acquire()

        assert group.run(5) == 10
