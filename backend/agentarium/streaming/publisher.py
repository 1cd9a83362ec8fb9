"""Publishing changes of tasks by pub/sub, to readers here and in other processes."""

from agentarium.streaming import shared
from agentarium.streaming.pubsub import CHANGED, Channel, Message, PubSub
from agentarium.tasks.event_types import StatusEventType
from agentarium.tasks.publishing import ChangedTask


def publish_change(task: ChangedTask) -> None:
    """The publisher that is registered with `tasks/publishing.py`."""
    publish_change_to(shared.pubsub(), task)


def publish_change_to(pubsub: PubSub, task: ChangedTask) -> None:
    """Publish to the readers of the task, and of its owner's status feed."""
    pubsub.publish(Channel.task(task.pk), CHANGED)
    changed = changed_message(task.pk, str(task.status))
    pubsub.publish(Channel.owner(task.owner_id), changed)


def changed_message(task_id: int, status: str) -> Message:
    """The message for the status feed of the task's owner."""
    return {"type": StatusEventType.TASK_CHANGED, "task": task_id, "status": status}
