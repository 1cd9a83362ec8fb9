"""What happens, as server-sent events: of one task, or of all of the caller's."""

from functools import partial

from django.conf import settings

from agentarium.core.asgi import EventStream
from agentarium.tasks import site
from agentarium.tasks.changes import RESYNC, follow_changes
from agentarium.tasks.cursor import Cursor
from agentarium.tasks.log import read_log
from agentarium.tasks.models import AgentTask
from agentarium.tasks.stream import OPENING, follow


def event_stream(task: AgentTask, cursor: Cursor) -> EventStream:
    """What happened after `cursor`, and what happens from now on, until the task ends.

    The caller has made sure that the task may be seen.
    """
    return EventStream(
        follow=partial(
            follow,
            task.pk,
            cursor,
            bus=site.bus(),
            readings=site.readings(),
        ),
        stored=lambda: OPENING + _stored(task.pk, cursor),
    )


def _stored(task_id: int, cursor: Cursor) -> bytes:
    return b"".join(entry.encode() for entry in read_log(task_id, cursor).entries)


def change_stream(owner_id: int) -> EventStream:
    """The status changes of all tasks of one person, from now on."""
    is_blind = not (settings.EMBEDDED or settings.REDIS_URL)
    return EventStream(
        follow=partial(follow_changes, owner_id, bus=site.bus(), is_blind=is_blind),
        stored=lambda: OPENING + RESYNC,
    )
