"""A lock that is given in the order in which it was asked for."""

import threading
from collections import deque


class Turns:
    """One at a time, and whoever waits longest is next.

    The standard library's locks promise no order: of many threads one may starve.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def take(self, timeout: float) -> bool:
        """Wait for up to `timeout` seconds; whether the turn is ours."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            # It may have come in this very moment.
            if not turn.is_set():
                self._waiting.remove(turn)
            return turn.is_set()

    def give(self) -> None:
        """Let the next one have it."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
