"""What happens, as server-sent events: of one task, or of all of the caller's."""

from functools import partial

from django.conf import settings

from agentarium.server.event_stream import EventStream
from agentarium.streaming import shared
from agentarium.streaming.reader import follow
from agentarium.streaming.status_feed import follow_status_feed
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks.models import AgentTask


def event_stream_response(task: AgentTask, cursor: StreamCursor) -> EventStream:
    """What happened after `cursor`, and what happens from now on, until the task ends.

    The caller has made sure that the task may be seen.
    """
    return EventStream(
        follow=partial(
            follow,
            task.pk,
            cursor,
            pubsub=shared.pubsub(),
            log_reader=shared.single_flight_reader(),
        ),
    )


def status_feed_response(owner_id: int) -> EventStream:
    """The status changes of all tasks of one person, from now on."""
    is_blind = not (settings.EMBEDDED or settings.REDIS_URL)
    return EventStream(
        follow=partial(
            follow_status_feed, owner_id, pubsub=shared.pubsub(), is_blind=is_blind
        ),
    )
