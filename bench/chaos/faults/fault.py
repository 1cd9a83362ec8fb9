"""What is recorded of each fault, and what the kinds mean to the checks."""

from dataclasses import dataclass
from enum import StrEnum

LEASE_SECONDS = 10.0


class Kind(StrEnum):
    """The kinds of faults, as the report names them."""

    KILL_WORKER = "kill worker"
    KILL_WEB = "kill web"
    KILL_SECOND = "kill second server"
    PAUSE_WORKER = "pause worker"
    PAUSE_WEB = "pause web"
    CLOCK_AHEAD = "clock ahead"
    SECOND_SERVER = "second server"
    POSTGRESQL_AWAY = "postgresql away"
    POSTGRESQL_SILENT = "postgresql silent"
    POSTGRESQL_SILENT_FOR_ONE = "postgresql silent for one"
    CONNECTIONS_KILLED = "connections killed"
    TABLE_LOCKED = "table locked"
    SQLITE_LOCKED = "sqlite locked"
    DISK_FULL = "disk full"
    REDIS_AWAY = "redis away"
    REDIS_SILENT = "redis silent"
    REDIS_SLOW = "redis slow"
    READERS_STALLED = "readers stalled"
    STALL = "machine stalls"


# No worker can write while one of these lasts.
WITHOUT_DATABASE = {
    Kind.POSTGRESQL_AWAY,
    Kind.POSTGRESQL_SILENT,
    Kind.TABLE_LOCKED,
    Kind.SQLITE_LOCKED,
    Kind.DISK_FULL,
}
# A worker that is paused closes nothing, and one without the database cannot know.
WITHOUT_STOP = WITHOUT_DATABASE - {Kind.SQLITE_LOCKED, Kind.DISK_FULL} | {
    Kind.PAUSE_WORKER,
    Kind.POSTGRESQL_SILENT_FOR_ONE,
    Kind.STALL,
}


@dataclass(slots=True)
class Fault:
    """A fault, with Unix times; `worker` is the name of the only affected worker."""

    kind: str
    started_at: float
    ended_at: float | None = None
    worker: str = ""

    def overlaps(self, start: float, end: float) -> bool:
        return self.started_at <= end and (self.ended_at or end) >= start
