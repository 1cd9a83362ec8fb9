"""Periodic work: done by whichever process comes first, a little at a time.

No process is there for it alone: each runner looks now and then. Whoever locks the
row of a chore does the next piece of it in the same transaction, so that a piece is
done once, and wholly or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction

from agentarium.accounts.retention import (
    forget_expired_sessions,
    forget_expired_tokens,
)
from agentarium.core.clock import Now
from agentarium.tasks import stats
from agentarium.tasks.models import Chore
from agentarium.tasks.retention import delete_old_logs, forget_submissions

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of a chore: takes the bookmark, and returns it moved on.

    None says that all is done until it is due again, `every` so often; the bookmark
    stays where it was. At most `pieces` are done at once, each in a transaction of its
    own, so that nobody waits for long.
    """

    piece: Callable[[Any], Any]
    every: timedelta
    pieces: int = 1


def _whole(forget: Callable[[], int]) -> Callable[[Any], Any]:
    """A chore that needs no bookmark: it is done when there is nothing left."""
    return lambda _: {} if forget() else None


HOUR = timedelta(hours=1)
CHORES: dict[str, Work] = {
    stats.CHORE: Work(stats.count_ended_tasks, timedelta(seconds=5), pieces=10),
    "delete_old_logs": Work(delete_old_logs, HOUR),
    "forget_submissions": Work(_whole(forget_submissions), HOUR),
    "forget_expired_tokens": Work(_whole(forget_expired_tokens), 6 * HOUR),
    "forget_expired_sessions": Work(_whole(forget_expired_sessions), 6 * HOUR),
}


def do_chores() -> None:
    """Do a little of each chore that is due. Safe to do in many processes at once."""
    later = Chore.objects.filter(due_at__gt=Now()).values_list("name", flat=True)
    for name in CHORES.keys() - set(later):
        for _ in range(CHORES[name].pieces):
            if not _do_piece(name):
                break


@transaction.atomic
def _do_piece(name: str) -> bool:
    """Whether there may be more to do."""
    Chore.objects.bulk_create([Chore(name=name)], ignore_conflicts=True)
    due = Chore.objects.filter(name=name, due_at__lte=Now())
    chore = due.select_for_update(skip_locked=True).first()
    if chore is None:
        return False
    work = CHORES[name]
    bookmark = work.piece(chore.bookmark)
    if bookmark is None:
        Chore.objects.filter(name=name).update(due_at=Now() + work.every)
    else:
        Chore.objects.filter(name=name).update(bookmark=bookmark)
        log.info("chore.piece_done", chore=name)
    return bookmark is not None
