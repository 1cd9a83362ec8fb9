"""What the trace of an attempt needs to know about its task.

It is read from the database only if tracing is on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agentarium.observability import tracing
from agentarium.tasks.models import AgentTask, Event


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The name of a task's agent, and the request that submitted the task."""

    agent_name: str = ""
    traceparent: str = ""


NO_TRACE_CONTEXT = TraceContext()


def read_trace_contexts(tasks: Sequence[AgentTask]) -> dict[int, TraceContext]:
    """Task id -> trace context. Two queries, or none and an empty dictionary."""
    if not tracing.is_on() or not tasks:
        return {}
    # Loading the provider is slow. This thread may wait for it, an event loop may not.
    tracing.provider()
    ids = [task.pk for task in tasks]
    first = Event.objects.filter(task__in=ids, attempt=0, seq=1)
    data = dict(first.values_list("task", "data"))
    names = AgentTask.objects.filter(pk__in=ids).values_list("pk", "agent__name")
    return {
        pk: TraceContext(name, data.get(pk, {}).get("traceparent", ""))
        for pk, name in names
    }
