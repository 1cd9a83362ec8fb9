"""Work by the clock: each app registers its own when it is loaded, workers run it.

Here and not next to what runs them, so that no app has to know another's jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """A job in chunks: `run_chunk` takes the checkpoint, and returns the next one.

    None says that all is done until the job is due again, after `every`; the checkpoint
    stays where it was. At most `max_chunks` are done in a row, each in a transaction of
    its own, so that no other writer waits for long.
    """

    run_chunk: Callable[[Any], Any]
    every: timedelta
    max_chunks: int = 1


JOBS: dict[str, JobDefinition] = {}


def register_job(name: str, job: JobDefinition) -> None:
    """Have workers run a job. Its name is its key in the database: keep it."""
    JOBS[name] = job


def until_nothing_is_left(forget: Callable[[], int]) -> Callable[[Any], Any]:
    """A job without a checkpoint: `forget` returns how many rows it has deleted."""
    return lambda _: {} if forget() else None
