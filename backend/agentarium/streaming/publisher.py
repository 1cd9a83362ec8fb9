"""Publishing a task's changes over the pubsub, to readers here and in other processes."""

from agentarium.streaming import shared
from agentarium.streaming.pubsub import CHANGED, Channel, Message, PubSub
from agentarium.tasks.event_types import StatusEventType
from agentarium.tasks.publishing import ChangedTask


def publish_change(task: ChangedTask) -> None:
    """Have the readers of this process's pubsub look: the publisher of `publishing`."""
    tell(shared.pubsub(), task)


def tell(pubsub: PubSub, task: ChangedTask) -> None:
    """Have the readers of a task, and of its owner's tasks, look now."""
    pubsub.publish(Channel.task(task.pk), CHANGED)
    changed = changed_message(task.pk, str(task.status))
    pubsub.publish(Channel.owner(task.owner_id), changed)


def changed_message(task_id: int, status: str) -> Message:
    """What the status feed of a task's owner is sent."""
    return {"type": StatusEventType.TASK_CHANGED, "task": task_id, "status": status}
