"""Writes of many threads share one transaction, and each gets its own outcome."""

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
    """Doubles numbers once it may. Returns an error for 13, and raises on 7 and 9."""

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
    def test_batches_items_that_arrive_during_a_commit(self, writer: Writer) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 3, 4])

        assert outcomes == [2, 4, 6, 8]
        assert writer.batches == [[1], [2, 3, 4]]

    def test_raises_an_error_outcome_only_for_its_own_item(
        self, writer: Writer
    ) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 13, 4])

        assert [outcomes[0], outcomes[1], outcomes[3]] == [2, 4, 8]
        assert isinstance(outcomes[2], KeyError)
        assert writer.batches == [[1], [2, 13, 4]]

    def test_writes_items_one_by_one_if_the_batch_fails(self, writer: Writer) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 7, 4])

        assert [outcomes[0], outcomes[1], outcomes[3]] == [2, 4, 8]
        assert isinstance(outcomes[2], ValueError)
        assert writer.batches == [[1], [2, 7, 4], [2], [7], [4]]

    @pytest.mark.parametrize(
        ("error", "batches"),
        [
            # It may be stored already: it must not be stored twice.
            (OperationalError("server closed the connection"), [[1], [2, 3]]),
            # Raised by an `on_commit` function: the batch is stored.
            (RuntimeError("loop is closed"), [[1], [2, 3]]),
            (IntegrityError("no such agent"), [[1], [2, 3], [2], [3]]),
        ],
    )
    def test_writes_again_only_what_is_certainly_not_stored(
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

    def test_all_who_wait_share_the_time_for_a_lock(self) -> None:
        """One batch after another would each wait for it again."""

        class LockTimeoutError(Exception):
            sqlstate = "55P03"

        class TimedOut(Writer):
            def __call__(self, items: Sequence[int]) -> list[int | Exception]:
                super().__call__(items)
                raise OperationalError("lock timeout") from LockTimeoutError()

        writer = TimedOut()

        outcomes = _run_while_one_is_written(writer, [2, 3, 4])

        assert [type(each) for each in outcomes] == [OperationalError] * 4
        assert writer.batches == [[1]]

    def test_fails_the_whole_batch_when_the_connection_is_lost(
        self, writer: Writer
    ) -> None:
        outcomes = _run_while_one_is_written(writer, [2, 9])

        assert outcomes[0] == 2
        assert [type(each) for each in outcomes[1:]] == [OperationalError] * 2
        assert writer.batches == [[1], [2, 9]]

    def test_joins_the_callers_transaction(self, writer: Writer) -> None:
        writer.may_write.set()
        group = GroupCommit[int, int](writer)
        group._is_led = True

        with transaction.atomic():
            assert group.run(5) == 10

    def test_batches_items_that_arrive_before_the_transaction_begins(
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

    def test_recovers_after_a_transaction_that_could_not_begin(
        self, writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer.may_write.set()
        group = GroupCommit[int, int](writer)
        with monkeypatch.context() as patch:
            patch.setattr(transaction, "atomic", _locked)
            with pytest.raises(OperationalError):
                group.run(1)

        assert group.run(2) == 4
