"""What happens, as server-sent events: of one task, or of all of the caller's."""

from functools import partial

from django.conf import settings

from agentarium.server.event_stream import EventStream
from agentarium.streaming import shared
from agentarium.streaming.reader import follow
from agentarium.streaming.status_feed import follow_changes
from agentarium.streaming.stream_cursor import Cursor
from agentarium.tasks.models import AgentTask


def event_stream(task: AgentTask, cursor: Cursor) -> EventStream:
    """What happened after `cursor`, and what happens from now on, until the task ends.

    The caller has made sure that the task may be seen.
    """
    return EventStream(
        follow=partial(
            follow,
            task.pk,
            cursor,
            bus=shared.bus(),
            readings=shared.readings(),
        ),
    )


def change_stream(owner_id: int) -> EventStream:
    """The status changes of all tasks of one person, from now on."""
    is_blind = not (settings.EMBEDDED or settings.REDIS_URL)
    return EventStream(
        follow=partial(follow_changes, owner_id, bus=shared.bus(), is_blind=is_blind),
    )
