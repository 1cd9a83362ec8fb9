"""A lock that is granted in the order of arrival."""

import threading
from collections import deque


class FifoLock:
    """A lock for which threads queue: the one that has waited longest is next.

    The standard library's locks guarantee no order, so that a thread may starve.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._is_taken = False

    def acquire(self, timeout: float) -> bool:
        """Wait for up to `timeout` seconds. Returns whether the lock was acquired."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            waiter = _Waiter()
            self._waiting.append(waiter)
        if waiter.wait(timeout):
            return True
        with self._mutex:
            # It may have been granted since the timeout.
            if not waiter.is_granted:
                self._waiting.remove(waiter)
            return waiter.is_granted

    def release(self) -> None:
        """Grant the lock to the next waiting thread."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().grant()
            else:
                self._is_taken = False


class _Waiter:
    """A signal that is set once: an `Event`, without the latter's Python code."""

    def __init__(self) -> None:
        self.is_granted = False
        self._signal = threading.Lock()
        self._signal.acquire()

    def grant(self) -> None:
        self.is_granted = True
        self._signal.release()

    def wait(self, timeout: float) -> bool:
        return self._signal.acquire(timeout=timeout)
