"""All that somebody has here, row by row, however much it is.

Rows are read in pages by their keys: memory is bounded by a page, and no cursor or
transaction stays open while a reader is slow. It is no snapshot: what changes in the
meantime may be told as it was before or after.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.tasks.models import AgentTask, Draft, Event, Step

# Few, because a row of a task or a step may hold a long text.
ROWS = 100

Row = tuple[str, Any]


def export_rows(user: User) -> Iterator[Row]:
    """The name of each row's kind, and the row: agents first, then task by task."""
    agents = Agent.objects.visible_to(user)
    for page in pages(agents, "created_at", "id"):
        yield from (("agent", agent) for agent in page)
        versions = AgentVersion.objects.filter(agent__in=[agent.pk for agent in page])
        for part in pages(versions, "agent_id", "number"):
            yield from (("agent_version", version) for version in part)
    tasks = AgentTask.objects.visible_to(user)
    for page in pages(tasks.for_detail(), "created_at", "id"):
        yield from (("task", task) for task in page)
        yield from _records_of([task.pk for task in page])


def _records_of(task_ids: Sequence[int]) -> Iterator[Row]:
    kinds: Sequence[tuple[str, QuerySet[Any], Sequence[str]]] = (
        ("step", Step.objects.all(), ("task_id", "position")),
        ("event", Event.objects.all(), ("task_id", "attempt", "seq")),
        (
            "draft",
            Draft.objects.all(),
            ("task_id", "attempt", "seq", "channel", "offset"),
        ),
    )
    for kind, rows, keys in kinds:
        for page in pages(rows.filter(task__in=task_ids), *keys):
            yield from ((kind, row) for row in page)


def pages(rows: QuerySet[Any], *keys: str) -> Iterator[list[Any]]:
    """`rows` in the order of the columns that tell them apart, a page at a time."""
    rows = rows.order_by(*keys)
    page = list(rows[:ROWS])
    while page:
        yield page
        if len(page) < ROWS:
            break
        last = [getattr(page[-1], key) for key in keys]
        page = list(rows.filter(_after(keys, last))[:ROWS])


def _after(keys: Sequence[str], last: Sequence[Any]) -> Q:
    """Beyond `last`, compared column by column."""
    after = Q()
    for place, key in enumerate(keys):
        same = dict(zip(keys[:place], last[:place], strict=True))
        after |= Q(**same, **{f"{key}__gt": last[place]})
    # Said apart, for an index to begin there.
    return Q(**{f"{keys[0]}__gte": last[0]}) & after
