"""Running periodic jobs, a chunk at a time.

No process is dedicated to them: every runner calls `run_due_jobs` at intervals. The
process that locks a job's row runs the next chunk in the same transaction, so that each
chunk is done exactly once.
"""

import structlog
from django.db import transaction

from agentarium.core import job_registry
from agentarium.db.clock import Now
from agentarium.observability.background import record_failure
from agentarium.tasks.models import PeriodicJob

log = structlog.get_logger(__name__)


def run_due_jobs() -> None:
    """Run some chunks of each due job. Safe to call in many processes concurrently.

    A job that fails does not keep the others from running. It stays due.
    """
    later = PeriodicJob.objects.filter(due_at__gt=Now()).values_list("name", flat=True)
    for name in job_registry.JOBS.keys() - set(later):
        try:
            _run_chunks(name)
        except Exception as error:  # noqa: BLE001 - jobs may fail in any way
            record_failure(f"job {name}", error)


def _run_chunks(name: str) -> None:
    for _ in range(job_registry.JOBS[name].max_chunks):
        if not _run_chunk(name):
            break


@transaction.atomic
def _run_chunk(name: str) -> bool:
    """Run the job's next chunk if it is due; returns whether another may follow."""
    PeriodicJob.objects.bulk_create([PeriodicJob(name=name)], ignore_conflicts=True)
    due = PeriodicJob.objects.filter(name=name, due_at__lte=Now())
    job = due.select_for_update(skip_locked=True).first()
    if job is None:
        return False
    definition = job_registry.JOBS[name]
    checkpoint = definition.run_chunk(job.checkpoint)
    if checkpoint is None:
        PeriodicJob.objects.filter(name=name).update(due_at=Now() + definition.every)
    else:
        PeriodicJob.objects.filter(name=name).update(checkpoint=checkpoint)
        log.info("job.chunk_done", job=name)
    return checkpoint is not None
