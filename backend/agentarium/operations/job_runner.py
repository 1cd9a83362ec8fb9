"""Periodic work: done by whichever process comes first, a little at a time.

No process is there for it alone: each runner looks now and then. Whoever locks the
row of a chore does the next chunk of it in the same transaction, so that a chunk is
done once, and wholly or not at all.
"""

import structlog
from django.db import transaction

from agentarium.core import job_registry
from agentarium.db.clock import Now
from agentarium.tasks.models import Chore

log = structlog.get_logger(__name__)


def do_chores() -> None:
    """Do a little of each chore that is due. Safe to do in many processes at once."""
    later = Chore.objects.filter(due_at__gt=Now()).values_list("name", flat=True)
    for name in job_registry.JOBS.keys() - set(later):
        for _ in range(job_registry.JOBS[name].max_chunks):
            if not _do_chunk(name):
                break


@transaction.atomic
def _do_chunk(name: str) -> bool:
    """Whether there may be more to do."""
    Chore.objects.bulk_create([Chore(name=name)], ignore_conflicts=True)
    due = Chore.objects.filter(name=name, due_at__lte=Now())
    chore = due.select_for_update(skip_locked=True).first()
    if chore is None:
        return False
    job = job_registry.JOBS[name]
    bookmark = job.run_chunk(chore.bookmark)
    if bookmark is None:
        Chore.objects.filter(name=name).update(due_at=Now() + job.every)
    else:
        Chore.objects.filter(name=name).update(bookmark=bookmark)
        log.info("chore.piece_done", chore=name)
    return bookmark is not None
