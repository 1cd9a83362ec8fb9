"""Responses that take long: a task's event stream, a user's status feed, downloads."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings

from agentarium.accounts.api.callers import caller_of
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.server.long_response import EventStream, LongResponse, Permit
from agentarium.server.stream_slots import SLOTS
from agentarium.streaming import shared
from agentarium.streaming.access import Access, AccessGuard
from agentarium.streaming.reader import follow
from agentarium.streaming.status_feed import follow_status_feed
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.tasks.models import AgentTask


def event_stream_response(
    request: AuthenticatedRequest, task: AgentTask, cursor: StreamCursor
) -> EventStream:
    """The task's events after `cursor`, then live events, until the task ends.

    The caller has checked that the user may see the task. Raises `TooManyStreamsError`.
    """
    return EventStream(
        permit=_permit(request, task.pk),
        follow=partial(
            follow,
            task.pk,
            cursor,
            pubsub=shared.pubsub(),
            log_reader=shared.single_flight_reader(),
        ),
    )


def status_feed_response(request: AuthenticatedRequest) -> EventStream:
    """The status changes of all tasks of the caller, from now on.

    Raises `TooManyStreamsError`.
    """
    must_poll = not (settings.EMBEDDED or settings.REDIS_URL)
    return EventStream(
        permit=_permit(request),
        follow=partial(
            follow_status_feed,
            request.user.pk,
            pubsub=shared.pubsub(),
            must_poll=must_poll,
        ),
    )


def download_response(
    request: AuthenticatedRequest, parts: Iterable[bytes], **options: Any
) -> LongResponse:
    """A body that is generated while the caller takes it.

    `options` are those of Django's response. Raises `TooManyStreamsError`.
    """
    return LongResponse(parts, permit=_permit(request), **options)


def _permit(request: AuthenticatedRequest, task_id: int | None = None) -> Permit:
    """What one more stream or download of the caller holds."""
    access = Access(caller_of(request), task_id)
    slot = SLOTS.take(access.caller.user_id)
    return Permit(slot, AccessGuard(access, shared.access_watch()))
