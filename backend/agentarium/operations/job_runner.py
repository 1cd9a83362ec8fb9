"""Running periodic jobs, a chunk at a time.

No process is dedicated to them: every runner calls `run_due_jobs` at intervals. The
process that locks a job's row runs the next chunk in the same transaction, so that each
chunk is done exactly once.

A job decides what is old by the database's clock. Even that may be wrong for a while: on
SQLite it is the machine's. So from one run of a job to the next its time advances by
`MAX_ADVANCE` at most. A clock that is set years ahead then deletes one day's rows more in
each run, until it is corrected, and not all of them. After a long pause, jobs catch up.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from agentarium.core import job_registry
from agentarium.core.job_registry import JobDefinition
from agentarium.db import clock
from agentarium.db.clock import Now
from agentarium.observability.background import record_failure
from agentarium.tasks.models import PeriodicJob

log = structlog.get_logger(__name__)

MAX_ADVANCE = timedelta(days=1)


def run_due_jobs() -> None:
    """Run some chunks of each due job. Safe to call in many processes concurrently.

    A job that fails does not keep the others from running. It stays due.
    """
    for name in job_registry.JOBS.keys() - _not_due():
        try:
            _run_chunks(name)
        except Exception as error:  # noqa: BLE001 - jobs may fail in any way
            record_failure(f"job {name}", error)


def _not_due() -> set[str]:
    now = clock.now()
    later = PeriodicJob.objects.filter(due_at__gt=Now()).values_list("name", "due_at")
    return {
        name
        for name, due_at in later
        if name in job_registry.JOBS and due_at <= now + _longest_wait(name)
    }


def _longest_wait(name: str) -> timedelta:
    """A job that is due later than this became so before the clock was set back."""
    return job_registry.JOBS[name].every + timedelta(minutes=1)


def _run_chunks(name: str) -> None:
    for _ in range(job_registry.JOBS[name].max_chunks):
        if not _run_chunk(name):
            break


@transaction.atomic
def _run_chunk(name: str) -> bool:
    """Run the job's next chunk if it is due; returns whether another may follow."""
    PeriodicJob.objects.bulk_create([PeriodicJob(name=name)], ignore_conflicts=True)
    is_due = Q(due_at__lte=Now()) | Q(due_at__gt=Now() + _longest_wait(name))
    due = PeriodicJob.objects.filter(is_due, name=name)
    job = due.select_for_update(skip_locked=True).first()
    if job is None:
        return False
    definition = job_registry.JOBS[name]
    now = _time_of_run(job, definition)
    checkpoint = definition.run_chunk(job.checkpoint, now)
    if checkpoint is None:
        PeriodicJob.objects.filter(name=name).update(
            due_at=Now() + definition.every, ran_at=now
        )
    else:
        PeriodicJob.objects.filter(name=name).update(checkpoint=checkpoint)
        log.info("job.chunk_done", job=name)
    return checkpoint is not None


def _time_of_run(job: PeriodicJob, definition: JobDefinition) -> datetime:
    """The database's time, but not long after that of the last run."""
    now = clock.now()
    if job.ran_at is None:
        return now
    latest = job.ran_at + max(MAX_ADVANCE, 2 * definition.every)
    if now > latest:
        log.warning("job.time_is_limited", job=job.name, now=str(now), used=str(latest))
    return min(now, latest)
