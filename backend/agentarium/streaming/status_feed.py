"""The status changes of all tasks of one person, as they happen.

Nothing is replayed: a reader that comes, or comes back, is told to look at its lists
anew (`resync`), and then hears of each change.
"""

from collections.abc import AsyncGenerator, Iterable

import orjson

from agentarium.streaming.pubsub import Channel, LocalPubSub, Message
from agentarium.streaming.reader import HEARTBEAT, OPENING
from agentarium.tasks.event_types import StatusEventType

HEARTBEAT_SECONDS = 10.0
# Where no pubsub tells of other processes, readers look by themselves this often.
BLIND_SECONDS = 3.0
_EVENT = b"event: %b\ndata: %b\n\n"
RESYNC = _EVENT % (StatusEventType.RESYNC.encode(), b"{}")


async def follow_status_feed(
    owner_id: int, *, pubsub: LocalPubSub, is_blind: bool = False
) -> AsyncGenerator[bytes, None]:
    """Server-sent events, for as long as somebody reads them."""
    yield OPENING
    with pubsub.subscribe(Channel.owner(owner_id)) as subscription:
        yield RESYNC
        while True:
            messages = await subscription.take(
                timeout=BLIND_SECONDS if is_blind else HEARTBEAT_SECONDS
            )
            if messages is None or (is_blind and not messages):
                yield RESYNC
            elif messages:
                yield encode(messages)
            else:
                yield HEARTBEAT


def encode(messages: Iterable[Message]) -> bytes:
    """The last change of each task."""
    changes = {message["task"]: message for message in messages}
    return b"".join(
        _EVENT
        % (
            StatusEventType.TASK_CHANGED.encode(),
            orjson.dumps({"task": change["task"], "status": change["status"]}),
        )
        for change in changes.values()
    )
