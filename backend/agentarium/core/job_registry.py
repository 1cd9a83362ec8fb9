"""Periodic jobs: each app registers its own when it is loaded, and workers run them.

The registry is here and not next to `operations/job_runner.py`, so that no app has to
know the jobs of another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """A job that runs in chunks: `run_chunk` takes the checkpoint and returns the next.

    It also takes the time, by which it decides what is old. That is the database's, but
    after a run it is a day later at most: `operations/job_runner.py` says why.

    If it returns None, the job is done until it is due again, after `every`, and the
    checkpoint stays as it was. At most `max_chunks` run in a row, each in its own
    transaction, so that no other writer waits for long.
    """

    run_chunk: Callable[[Any, datetime], Any]
    every: timedelta
    max_chunks: int = 1


JOBS: dict[str, JobDefinition] = {}


def register_job(name: str, job: JobDefinition) -> None:
    """Make workers run a job. Its name is its key in the database: do not change it."""
    JOBS[name] = job


def until_nothing_is_left(
    delete: Callable[[datetime], int],
) -> Callable[[Any, datetime], Any]:
    """A `run_chunk` without a checkpoint.

    `delete` takes the time, and returns the number of deleted rows.
    """
    return lambda _, now: {} if delete(now) else None
