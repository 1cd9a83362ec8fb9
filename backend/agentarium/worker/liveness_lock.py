"""Proof that a worker's process has died, without waiting for its lease to expire.

A worker holds a lock on a file of its own, and the operating system releases the lock
however the process ends. The files are next to the SQLite file, which only processes on
this machine open. With PostgreSQL there are none, and the leases decide alone.
"""

import fcntl
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

import structlog
from django.db import connection

from agentarium.observability.background import record_failure

log = structlog.get_logger(__name__)


class LivenessLock:
    """Proves that this process is alive, from `acquire` to `release` or its death."""

    def __init__(self, worker_id: int) -> None:
        self._worker_id = worker_id
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        folder = _folder()
        if folder is None:
            return
        path = folder / str(self._worker_id)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            # Lock first, then rename: others must never see the file unlocked.
            self._file = path.with_suffix(".new").open("wb")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.with_suffix(".new").rename(path)
        except OSError as error:
            # Some file systems have no locks: then only the lease proves a death.
            log.warning(
                "worker.liveness_lock_failed",
                worker_id=self._worker_id,
                error=str(error),
            )

    def release(self) -> None:
        """Remove the file, and with it the lock; callable more than once."""
        if self._file:
            remove_locks([self._worker_id])
            self._file.close()


def find_dead_workers() -> list[int]:
    """The ids of workers whose process has died.

    If the folder cannot be read, no death is proved, and the leases decide alone.
    """
    folder = _folder()
    if folder is None or not folder.is_dir():
        return []
    try:
        names = [path.name for path in folder.iterdir() if path.name.isdecimal()]
    except OSError as error:
        record_failure("liveness locks", error)
        return []
    return [int(name) for name in names if not _is_locked(folder / name)]


def remove_locks(worker_ids: Iterable[int]) -> None:
    """Remove the files of workers that have stopped or were declared lost.

    One that cannot be removed only proves once more that its worker has died.
    """
    if folder := _folder():
        for worker_id in worker_ids:
            with suppress(OSError):
                (folder / str(worker_id)).unlink(missing_ok=True)


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        # Locked; or removed meanwhile, by the worker itself or by another one.
        return True
    return False


def _folder() -> Path | None:
    if connection.vendor != "sqlite":
        return None
    return Path(f"{connection.settings_dict['NAME']}-workers")
