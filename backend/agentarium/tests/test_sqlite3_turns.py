"""Writers of one process take turns: nobody starves, and nobody keeps the turn."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.db.fifo_lock import FifoLock
from agentarium.tests.eventually import eventually_sync

SOON = 5.0


class TestTurns:
    def test_are_given_in_the_order_in_which_they_were_asked_for(self) -> None:
        turns, order = FifoLock(), list[int]()
        turns.take(SOON)

        def take(number: int) -> None:
            assert turns.take(SOON)
            order.append(number)
            turns.give()

        def has_line_of(length: int) -> Callable[[], bool]:
            return lambda: len(turns._waiting) == length

        threads = [threading.Thread(target=take, args=[number]) for number in range(9)]
        for number, thread in enumerate(threads):
            thread.start()
            eventually_sync("the thread to get in line", has_line_of(number + 1))
        turns.give()
        for thread in threads:
            thread.join(SOON)

        assert order == list(range(9))

    def test_pass_over_whoever_stopped_waiting(self) -> None:
        turns = FifoLock()
        turns.take(SOON)

        assert not turns.take(0)
        turns.give()

        assert turns.take(0)


@pytest.fixture
def in_thread() -> Any:
    """Runs a function in another thread, with a connection of its own."""

    def run(function: Callable[[], Any]) -> "Future[Any]":
        def call() -> Any:
            try:
                return function()
            finally:
                connection.close()

        return pool.submit(call)

    with ThreadPoolExecutor(4) as pool:
        yield run


def _rename(user: User) -> None:
    User.objects.filter(pk=user.pk).update(first_name="Anew")


@pytest.mark.django_db(transaction=True)
class TestConnections:
    """The same on both databases: on PostgreSQL the row's lock decides."""

    @pytest.mark.parametrize("is_atomic", [True, False])
    def test_write_one_after_the_other(
        self, in_thread: Any, *, is_atomic: bool
    ) -> None:
        user = UserFactory.create()

        def write() -> None:
            if is_atomic:
                with transaction.atomic():
                    _rename(user)
            else:
                _rename(user)

        with transaction.atomic():
            _rename(user)
            others = [in_thread(write) for _ in range(3)]
            assert not any(other.done() for other in others)

        for other in others:
            other.result(SOON)

    def test_give_the_turn_back_after_a_failure(self, in_thread: Any) -> None:
        user = UserFactory.create()

        def fail() -> None:
            with transaction.atomic():
                _rename(user)
                raise OperationalError

        with pytest.raises(OperationalError):
            fail()

        in_thread(lambda: _rename(user)).result(SOON)

    def test_give_the_turn_back_when_closed(self, in_thread: Any) -> None:
        user = UserFactory.create()

        def leave_open() -> None:
            transaction.set_autocommit(False)
            _rename(user)

        in_thread(leave_open).result(SOON)

        in_thread(lambda: _rename(user)).result(SOON)

        user.refresh_from_db()
        assert user.first_name == "Anew"
