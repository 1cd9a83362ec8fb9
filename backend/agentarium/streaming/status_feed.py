"""The status feed: the status changes of all tasks of a user, live.

Nothing is replayed: a reader first gets `resync`, which asks it to read its lists again,
also after a reconnect, and then each change.
"""

from collections.abc import AsyncGenerator, Iterable

import orjson

from agentarium.streaming.pubsub import Channel, LocalPubSub, Message
from agentarium.streaming.reader import HEARTBEAT, OPENING
from agentarium.tasks.event_types import StatusEventType

HEARTBEAT_SECONDS = 10.0
# The interval of `resync` if no pub/sub delivers changes of other processes.
POLL_SECONDS = 3.0
_EVENT = b"event: %b\ndata: %b\n\n"
RESYNC = _EVENT % (StatusEventType.RESYNC.encode(), b"{}")


async def follow_status_feed(
    owner_id: int, *, pubsub: LocalPubSub, must_poll: bool = False
) -> AsyncGenerator[bytes, None]:
    """Chunks of server-sent events, without end."""
    yield OPENING
    with pubsub.subscribe(Channel.owner(owner_id)) as subscription:
        yield RESYNC
        while True:
            messages = await subscription.take(
                timeout=POLL_SECONDS if must_poll else HEARTBEAT_SECONDS
            )
            if messages is None or (must_poll and not messages):
                yield RESYNC
            elif messages:
                yield encode(messages)
            else:
                yield HEARTBEAT


def encode(messages: Iterable[Message]) -> bytes:
    """Server-sent events of the last change of each task."""
    changes = {message["task"]: message for message in messages}
    return b"".join(
        _EVENT
        % (
            StatusEventType.TASK_CHANGED.encode(),
            orjson.dumps({"task": change["task"], "status": change["status"]}),
        )
        for change in changes.values()
    )
