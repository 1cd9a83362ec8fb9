"""The database's clock, which decides what is old, due or expired.

Times on rows are this clock's, so that machines whose clocks differ agree. The rule:

- In a statement, use `Now()` (or `now_sql` in hand-written SQL): the database's own time.
- In Python, use `now()`: the same time without a query, within the duration of a round
  trip. It comes from the last measurement and a clock that is never set, so the machine's
  wall clock plays no part. Heartbeats and the checks of web processes measure it.
- For durations, use a monotonic clock.

`scripts/conventions.py` refuses other clocks, with the exceptions in `scripts/clocks.toml`.
"""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import connection, models
from django.db.models import functions

log = structlog.get_logger(__name__)

# SQLite stores times as text. Django writes all six digits of the microseconds, or none
# if they are zero. With three digits the same time would be a different text: it would
# sort before the parameter that means it, and equal none.
_SQLITE = "REPLACE(STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW') || '000', '.000000', '')"
# A machine's clock that differs by more is reported, as wrong.
WRONG_CLOCK_SECONDS = 30.0
# A database's clock that moves by more than this, against ours, was set.
SET_SECONDS = 1.0
# What a time from the database is rounded to: SQLite has milliseconds.
RESOLUTION_SECONDS = 0.001


class Now(functions.Now):
    """Django's `Now`, but on SQLite the value compares equal to itself as a parameter."""

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Twice formatted: as a template here, and with the statement's parameters.
        template = _SQLITE.replace("%", "%%")
        return self.as_sql(compiler, connection, template=template, **extra)


def now_sql() -> str:
    """`Now` for hand-written statements. They must be executed with parameters."""
    return _SQLITE if connection.vendor == "sqlite" else "STATEMENT_TIMESTAMP()"


def monotonic_seconds() -> float:
    """A clock that is never set, and that includes the time the machine was asleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def machine_seconds() -> float:
    """This machine's wall clock, only to compare it: see `machine_offset`."""
    return time.time()


class DatabaseClock:
    """Estimates the database's time between two measurements."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The database's time, in seconds since 1970, minus our monotonic seconds.
        self._offset: float | None = None
        # Whether the log says that this machine's clock is wrong.
        self._is_reported = False
        # When the clock was last found to have been set, in monotonic seconds.
        self.set_at = float("-inf")

    @property
    def is_measured(self) -> bool:
        return self._offset is not None

    def observe(self, moment: datetime, *, asked_at: float, answered_at: float) -> None:
        """Take a time that the database told between two monotonic times.

        It was told at some instant between them. So the estimate only moves as far as
        this measurement contradicts it, and a slow answer does not make it worse.
        """
        told = moment.timestamp()
        least = told - answered_at - RESOLUTION_SECONDS
        most = told - asked_at + RESOLUTION_SECONDS
        with self._lock:
            before = (least + most) / 2 if self._offset is None else self._offset
            self._offset = min(max(before, least), most)
            moved = self._offset - before
            if abs(moved) > SET_SECONDS:
                self.set_at = answered_at
        if abs(moved) > SET_SECONDS:
            log.warning("database.clock_was_set", moved_seconds=round(moved, 1))
        self._report_machine()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds(), UTC)

    def machine_offset(self) -> float:
        """How far this machine's wall clock is ahead of the database's, in seconds."""
        return machine_seconds() - self._seconds()

    def _report_machine(self) -> None:
        """Log once that this machine's clock is wrong, and once that it no longer is."""
        offset = self.machine_offset()
        if is_wrong(offset) == self._is_reported:
            return
        self._is_reported = not self._is_reported
        if self._is_reported:
            log.warning("machine.clock_is_wrong", ahead_seconds=round(offset, 1))
        else:
            log.info("machine.clock_is_right", ahead_seconds=round(offset, 1))

    def _seconds(self) -> float:
        if self._offset is None:
            measure()
        assert self._offset is not None
        return self._offset + monotonic_seconds()


CLOCK = DatabaseClock()


def now() -> datetime:
    """The database's time, without a query once this process has measured it."""
    return CLOCK.now()


def measure() -> None:
    """Ask the database for its time. One query."""
    asked_at = monotonic_seconds()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql()}", [])
        (moment,) = cursor.fetchone()
    observe(moment, asked_at=asked_at)


def observe(moment: Any, *, asked_at: float) -> None:
    """Take the value of `now_sql` from a statement that was just executed."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    CLOCK.observe(moment, asked_at=asked_at, answered_at=monotonic_seconds())


def is_wrong(offset_seconds: float) -> bool:
    """Whether a machine's clock is so far from the database's that it is reported."""
    return abs(offset_seconds) > WRONG_CLOCK_SECONDS


class UpdatedAtField(models.DateTimeField):  # type: ignore[type-arg]
    """Django's `auto_now`, by the database's clock."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "auto_now": True})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        value = now()
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs
