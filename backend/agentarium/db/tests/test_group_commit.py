"""Many threads' work is one transaction, and each gets its own outcome."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NoReturn

import pytest
from django.db import IntegrityError, OperationalError, transaction

from agentarium.db.group_commit import GroupCommit
from agentarium.tests.eventually import eventually_sync

SOON = 5.0


class Writer:
    """Doubles numbers, once it may; refuses 13 as an outcome, and 7 and 9 by raising."""

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
        if 9 in items:
            _locked()
        return [KeyError(13) if item == 13 else item * 2 for item in items]


def _locked() -> NoReturn:
    raise OperationalError("database is locked")


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
            eventually_sync(
                "the item to get in line",
                lambda: len(group._waiting) == len(futures) - 1,
            )
        writer.may_write.set()
        return [future.exception(SOON) or future.result() for future in futures]


@pytest.mark.django_db(transaction=True)
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

    @pytest.mark.parametrize(
        ("error", "batches"),
        [
            # Nobody knows whether it is stored: it must not be stored twice.
            (OperationalError("server closed the connection"), [[1], [2, 3]]),
            # A function that was to be called after the commit.
            (RuntimeError("loop is closed"), [[1], [2, 3]]),
            (IntegrityError("no such agent"), [[1], [2, 3], [2], [3]]),
        ],
    )
    def test_writes_again_only_what_is_not_stored(
        self,
        writer: Writer,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        batches: list[list[int]],
    ) -> None:
        @contextmanager
        def atomic() -> Iterator[None]:
            yield
            if len(writer.batches[-1]) > 1:
                raise error

        monkeypatch.setattr(transaction, "atomic", atomic)

        outcomes = _run_while_one_is_written(writer, [2, 3])

        assert outcomes == ([2, error, error] if len(batches) == 2 else [2, 4, 6])
        assert writer.batches == batches

    def test_waits_once_for_a_database_that_is_away(
        self, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        began = 0
        may_fail = threading.Event()

        def atomic() -> NoReturn:
            nonlocal began
            began += 1
            assert may_fail.wait(SOON)
            _locked()

        monkeypatch.setattr(transaction, "atomic", atomic)
        group = GroupCommit[int, int](writer)
        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(group.run, item) for item in (1, 2, 3)]
            eventually_sync("three in line", lambda: len(group._waiting) == 3)
            may_fail.set()
            errors = [future.exception(SOON) for future in futures]

        assert [type(error) for error in errors] == [OperationalError] * 3
        assert began == 1

    def test_gives_a_batch_the_error_of_a_database_that_goes_away(
        self, writer: Writer
    ) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 9])

        assert outcomes[0] == 2
        assert [type(each) for each in outcomes[1:]] == [OperationalError] * 2
        assert writer.batches == [[1], [2, 9]]

    def test_is_a_part_of_the_callers_transaction(self, writer: Writer) -> None:
        writer.may_write.set()
        group = GroupCommit[int, int](writer)
        group._is_led = True

        with transaction.atomic():
            assert group.run(5) == 10

    def test_takes_along_what_came_before_its_transaction_began(
        self, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        may_begin = threading.Event()

        @contextmanager
        def atomic() -> Iterator[None]:
            assert may_begin.wait(SOON)
            yield

        monkeypatch.setattr(transaction, "atomic", atomic)
        writer.may_write.set()
        group = GroupCommit[int, int](writer)
        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(group.run, item) for item in (1, 2, 3)]
            eventually_sync("three in line", lambda: len(group._waiting) == 3)
            may_begin.set()
            assert [future.result(SOON) for future in futures] == [2, 4, 6]

        assert len(writer.batches) == 1

    def test_goes_on_when_no_transaction_can_begin(
        self, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer.may_write.set()
        group = GroupCommit[int, int](writer)
        with monkeypatch.context() as patch:
            patch.setattr(transaction, "atomic", _locked)
            with pytest.raises(OperationalError):
                group.run(1)

        assert group.run(2) == 4
