"""Responses of server-sent events: a task's event stream, and a user's status feed."""

from functools import partial

from django.conf import settings

from agentarium.server.event_stream import EventStream
from agentarium.streaming import shared
from agentarium.streaming.reader import follow
from agentarium.streaming.status_feed import follow_status_feed
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks.models import AgentTask


def event_stream_response(task: AgentTask, cursor: StreamCursor) -> EventStream:
    """The task's events after `cursor`, then live events, until the task ends.

    The caller has checked that the user may see the task.
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
    """The status changes of all tasks of a user, from now on."""
    must_poll = not (settings.EMBEDDED or settings.REDIS_URL)
    return EventStream(
        follow=partial(
            follow_status_feed, owner_id, pubsub=shared.pubsub(), must_poll=must_poll
        ),
    )
