"""Counts the model calls of attempts that end without their worker.

It died, was stopped, or lost the task to an operator. What its model call had used is
estimated from what is stored: the text that had been streamed, and the conversation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import F, Max, Sum
from django.db.models.functions import Length

from agentarium.agents.models import AgentVersion
from agentarium.observability.metrics import count_tokens
from agentarium.providers.prices import price_of
from agentarium.runtime.call_usage import CallUsage, chars_of, settle_broken_call
from agentarium.runtime.loop import unanswered
from agentarium.runtime.messages import Message
from agentarium.tasks import counters
from agentarium.tasks.conversation import earlier_tasks, read_messages
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Draft, Event
from agentarium.tasks.services.ending import append_all
from agentarium.tasks.services.usage import TOTALS, add_usage, usage_data

# What an attempt logs itself; others log decisions and ends after it.
_OF_ATTEMPTS = (
    EventType.ATTEMPT_STARTED,
    EventType.STEP_COMPLETED,
    EventType.STEP_RETRIED,
    EventType.TOOL_CALL,
    EventType.TOOL_STARTED,
    EventType.TOOL_WAITING,
    EventType.TOOL_RESULT,
)
# A model call may begin after them.
_BEFORE_CALLS = (
    EventType.ATTEMPT_STARTED,
    EventType.STEP_RETRIED,
    EventType.TOOL_RESULT,
)
# The columns of a task that `take_from_workers` reads.
INTERRUPTED_COLUMNS = (
    "id",
    "owner_id",
    "agent_version_id",
    "attempt",
    "follows_id",
    "worker_id",
    "finished_at",
    *TOTALS,
)


@dataclass(frozen=True, slots=True)
class _OpenCall:
    """A model call that may have been in progress, and the text that came of it."""

    task: AgentTask
    last_event: str
    received_chars: int


def take_from_workers(tasks: Sequence[AgentTask]) -> None:
    """Clear the workers of these tasks, and count what they can no longer report.

    That is what their last attempts used after their last step. The caller has locked
    the rows, and has read `INTERRUPTED_COLUMNS`. Tasks without a worker are ignored.
    """
    taken = [task for task in tasks if task.worker_id]
    if not taken:
        return
    for task in taken:
        task.worker = None
    AgentTask.objects.filter(pk__in=[task.pk for task in taken]).update(worker=None)
    _settle(_open_calls(taken))


def _settle(calls: Sequence[_OpenCall]) -> None:
    if not calls:
        return
    settled = [(call.task, used) for call, used in _settled(calls)]
    for task, used in settled:
        added = add_usage(task, used)
        if task.finished_at:
            counters.count_late_usage(task.pk, added)
    AgentTask.objects.bulk_update([task for task, _ in settled], TOTALS)
    append_all(
        EventType.USAGE_RECORDED,
        [(task, usage_data(used)) for task, used in settled if used.has_tokens],
    )


def _open_calls(tasks: Sequence[AgentTask]) -> list[_OpenCall]:
    """The model calls that may have been in progress. Two queries."""
    of_last_attempts = {"task__in": tasks, "attempt": F("task__attempt")}
    events = Event.objects.filter(**of_last_attempts, type__in=_OF_ATTEMPTS).order_by()
    last: dict[int, tuple[int, str]] = {}
    for task_id, kind, seq in events.values_list("task", "type").annotate(Max("seq")):
        last[task_id] = max(last.get(task_id, (0, "")), (seq, kind))
    drafts = Draft.objects.filter(**of_last_attempts).order_by()
    lengths = drafts.values_list("task", "seq").annotate(chars=Sum(Length("text")))
    chars = {(task_id, seq): length for task_id, seq, length in lengths}
    calls = []
    for task in tasks:
        seq, kind = last.get(task.pk, (0, ""))
        received = chars.get((task.pk, seq), 0)
        if received or kind in _BEFORE_CALLS:
            calls.append(_OpenCall(task, kind, received))
    return calls


def _settled(calls: Sequence[_OpenCall]) -> Iterable[tuple[_OpenCall, CallUsage]]:
    tasks = [call.task for call in calls]
    messages = read_messages([task.pk for task in tasks])
    versions = AgentVersion.objects.in_bulk({task.agent_version_id for task in tasks})
    next_models = _next_models(calls)
    inputs = _inputs(calls)
    for call in calls:
        task = call.task
        own = messages.get(task.pk, [])
        if not (call.received_chars or _may_call_model(own)):
            continue
        version = versions[task.agent_version_id]
        # Without text, it is not known whether the request was sent.
        sent = 0
        if call.received_chars:
            sent = len(version.instructions) + chars_of(own) + len(inputs[task.pk])
            sent += _earlier_chars(task)
        model = next_models.get(task.pk, version.model)
        yield call, _count(model, sent, call.received_chars)


def _count(model: str, sent_chars: int, received_chars: int) -> CallUsage:
    used = settle_broken_call(
        sent_chars=sent_chars,
        received_chars=received_chars,
        may_be_charged=True,
        price=price_of(model),
    )
    transaction.on_commit(partial(count_tokens, model, used.usage))
    return used


def _may_call_model(messages: Sequence[Message]) -> bool:
    """Whether the attempt goes on with a model call, as the agent loop decides it."""
    return not messages or (
        messages[-1].role != "assistant" and not unanswered(messages)
    )


def _inputs(calls: Sequence[_OpenCall]) -> Mapping[int, str]:
    ids = [call.task.pk for call in calls if call.received_chars]
    return dict(AgentTask.objects.filter(pk__in=ids).values_list("pk", "input_text"))


def _earlier_chars(task: AgentTask) -> int:
    """The length of the conversation before the task."""
    if not task.follows_id:
        return 0
    earlier = earlier_tasks(task)
    messages = read_messages([each.pk for each in earlier])
    return sum(len(each.input_text) for each in earlier) + sum(
        map(chars_of, messages.values())
    )


def _next_models(calls: Sequence[_OpenCall]) -> Mapping[int, str]:
    """Task id -> the model that a retry was to call."""
    retried = [
        call.task.pk for call in calls if call.last_event == EventType.STEP_RETRIED
    ]
    events = Event.objects.filter(
        task__in=retried, attempt=F("task__attempt"), type=EventType.STEP_RETRIED
    )
    return {event.task_id: event.data["next_model"] for event in events.order_by("seq")}
