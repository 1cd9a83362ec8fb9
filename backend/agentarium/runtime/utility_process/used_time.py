"""How much time each owner has used lately."""

import math
import time
from collections.abc import Callable

# After so many seconds, half of a used second still counts.
HALF_LIFE_SECONDS = 60.0
# More than use processes within minutes, at some 200 bytes each.
MAX_OWNERS = 10_000
_NEGLIGIBLE_SECONDS = 0.001


class UsedTime:
    """Seconds that owners have used; they count less and less. Not thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Owner -> seconds, and when they were counted; the latest last.
        self._accounts: dict[int, tuple[float, float]] = {}

    def add(self, owner: int, seconds: float) -> None:
        total = self.of(owner) + seconds
        self._accounts.pop(owner, None)
        self._accounts[owner] = (total, self._clock())
        if len(self._accounts) > MAX_OWNERS:
            self._forget()

    def of(self, owner: int) -> float:
        """The seconds of an owner that still count."""
        seconds, counted_at = self._accounts.get(owner, (0.0, 0.0))
        if not seconds:
            return 0.0
        return seconds * math.exp2((counted_at - self._clock()) / HALF_LIFE_SECONDS)

    def _forget(self) -> None:
        """Remove what no longer counts, and the oldest if that is not enough."""
        kept = [
            owner for owner in self._accounts if self.of(owner) > _NEGLIGIBLE_SECONDS
        ]
        self._accounts = {
            owner: self._accounts[owner] for owner in kept[-MAX_OWNERS // 2 :]
        }
