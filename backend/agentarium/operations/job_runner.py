"""Periodic work: done by whichever process comes first, a little at a time.

No process is there for it alone: each runner looks now and then. Whoever locks the
row of a job does the next chunk of it in the same transaction, so that a chunk is
done once, and wholly or not at all.
"""

import structlog
from django.db import transaction

from agentarium.core import job_registry
from agentarium.db.clock import Now
from agentarium.tasks.models import PeriodicJob

log = structlog.get_logger(__name__)


def run_due_jobs() -> None:
    """Do a little of each job that is due. Safe to do in many processes at once."""
    later = PeriodicJob.objects.filter(due_at__gt=Now()).values_list("name", flat=True)
    for name in job_registry.JOBS.keys() - set(later):
        for _ in range(job_registry.JOBS[name].max_chunks):
            if not _run_chunk(name):
                break


@transaction.atomic
def _run_chunk(name: str) -> bool:
    """Whether there may be more to do."""
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
