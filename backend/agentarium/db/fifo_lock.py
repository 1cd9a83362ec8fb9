"""A lock that is given in the order in which it was asked for."""

import threading
from collections import deque


class FifoLock:
    """One at a time, and whoever waits longest is next.

    The standard library's locks promise no order: of many threads one may starve.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._is_taken = False

    def take(self, timeout: float) -> bool:
        """Wait for up to `timeout` seconds; whether the turn is ours."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn = _Waiter()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            # It may have come in this very moment.
            if not turn.has_come:
                self._waiting.remove(turn)
            return turn.has_come

    def give(self) -> None:
        """Let the next one have it."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().come()
            else:
                self._is_taken = False


class _Waiter:
    """Told once. An `Event` of the standard library does the same in Python code."""

    def __init__(self) -> None:
        self.has_come = False
        self._signal = threading.Lock()
        self._signal.acquire()

    def come(self) -> None:
        self.has_come = True
        self._signal.release()

    def wait(self, timeout: float) -> bool:
        return self._signal.acquire(timeout=timeout)
