"""Proof that a worker has died, where nobody has to wait for the end of its lease.

A process holds the lock of a file for each worker that it is, and the system lets go
of it however the process ends. The files lie beside the SQLite file: whoever opens that
is on this machine, and can look. Beside PostgreSQL there are none, and leases decide.
"""

import fcntl
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import structlog
from django.db import connection

log = structlog.get_logger(__name__)


class LivenessLock:
    """Shows that this process lives, from `begin` to `end` or to its death."""

    def __init__(self, worker_id: int) -> None:
        self._worker_id = worker_id
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        folder = _folder()
        if folder is None:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / str(self._worker_id)
        try:
            # Only a locked file gets the name that others look for.
            self._file = path.with_suffix(".new").open("wb")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.with_suffix(".new").rename(path)
        except OSError as error:
            # Not every file system has locks: then its death shows by its lease.
            log.warning("worker.no_pulse", worker_id=self._worker_id, error=str(error))

    def end(self) -> None:
        if self._file:
            remove_locks([self._worker_id])
            self._file.close()


def find_dead() -> list[int]:
    """The ids of workers whose process is gone."""
    folder = _folder()
    if folder is None or not folder.is_dir():
        return []
    return [
        int(path.name)
        for path in folder.iterdir()
        if path.name.isdecimal() and not _is_locked(path)
    ]


def remove_locks(worker_ids: Iterable[int]) -> None:
    """Forget workers whose end is known."""
    if folder := _folder():
        for worker_id in worker_ids:
            (folder / str(worker_id)).unlink(missing_ok=True)


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        # Locked, or gone in this very moment: in order, or buried by another one.
        return True
    return False


def _folder() -> Path | None:
    if connection.vendor != "sqlite":
        return None
    return Path(f"{connection.settings_dict['NAME']}-workers")
