import pytest
from django.db import transaction

from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db(transaction=True)


def call_of(task: AgentTask, tool_call_id: str) -> ToolCall:
    return ToolCall(
        task=task, step=1, tool_call_id=tool_call_id, status=ToolCall.Status.STARTED
    )


def test_a_call_can_be_stored_again_after_a_rollback() -> None:
    """As when the disk was full, and another task's call was stored first."""
    task = TaskFactory.create(running=True)
    call, other = call_of(task, "a"), call_of(task, "b")

    def store_and_roll_back() -> None:
        with transaction.atomic():
            ToolCall.objects.store([call])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_roll_back()
    ToolCall.objects.store([other])
    ToolCall.objects.store([call])

    stored = ToolCall.objects.values_list("tool_call_id", flat=True)
    assert sorted(stored) == ["a", "b"]
