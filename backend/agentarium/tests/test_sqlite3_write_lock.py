"""Writers of one process queue for a lock: none starves, and none keeps the lock."""

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


class TestFifoLock:
    def test_is_granted_in_the_order_of_arrival(self) -> None:
        lock, order = FifoLock(), list[int]()
        lock.acquire(SOON)

        def acquire(number: int) -> None:
            assert lock.acquire(SOON)
            order.append(number)
            lock.release()

        def has_waiting(count: int) -> Callable[[], bool]:
            return lambda: len(lock._waiting) == count

        threads = [
            threading.Thread(target=acquire, args=[number]) for number in range(9)
        ]
        for number, thread in enumerate(threads):
            thread.start()
            eventually_sync("the thread to get in line", has_waiting(number + 1))
        lock.release()
        for thread in threads:
            thread.join(SOON)

        assert order == list(range(9))

    def test_passes_over_a_thread_that_stopped_waiting(self) -> None:
        lock = FifoLock()
        lock.acquire(SOON)

        assert not lock.acquire(0)
        lock.release()

        assert lock.acquire(0)


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
    User.objects.filter(pk=user.pk).update(first_name="Renamed")


@pytest.mark.django_db(transaction=True)
class TestConnections:
    """Both databases behave the same: on PostgreSQL the row's lock decides."""

    @pytest.mark.parametrize("is_atomic", [True, False])
    def test_write_one_at_a_time(self, in_thread: Any, *, is_atomic: bool) -> None:
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

    def test_release_the_lock_after_a_failure(self, in_thread: Any) -> None:
        user = UserFactory.create()

        def fail() -> None:
            with transaction.atomic():
                _rename(user)
                raise OperationalError

        with pytest.raises(OperationalError):
            fail()

        in_thread(lambda: _rename(user)).result(SOON)

    def test_release_the_lock_when_closed(self, in_thread: Any) -> None:
        user = UserFactory.create()

        def leave_open() -> None:
            transaction.set_autocommit(False)
            _rename(user)

        in_thread(leave_open).result(SOON)

        in_thread(lambda: _rename(user)).result(SOON)

        user.refresh_from_db()
        assert user.first_name == "Renamed"
