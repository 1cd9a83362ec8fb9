"""The export of all data of a user, row by row.

Rows are read in keyset pages: memory is bounded by a page, and no cursor or transaction
stays open while a client is slow. The export is not a snapshot: a row that changes in
the meantime may be exported in its old or its new state.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from agentarium.accounts.models import User
from agentarium.agents.models import Agent, AgentVersion
from agentarium.tasks.models import AgentTask, Draft, Event, Step

# Few, because a task or a step may contain a long text.
PAGE_SIZE = 100

Row = tuple[str, Any]


def export_rows(user: User) -> Iterator[Row]:
    """(kind, row) pairs: agents with their versions, then tasks with their records."""
    agents = Agent.objects.visible_to(user)
    for page in pages(agents, "created_at", "id"):
        yield from (("agent", agent) for agent in page)
        versions = AgentVersion.objects.filter(agent__in=[agent.pk for agent in page])
        for part in pages(versions, "agent_id", "number"):
            yield from (("agent_version", version) for version in part)
    tasks = AgentTask.objects.visible_to(user)
    for page in pages(tasks.for_detail(), "created_at", "id"):
        yield from (("task", task) for task in page)
        yield from _task_records([task.pk for task in page])


def _task_records(task_ids: Sequence[int]) -> Iterator[Row]:
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
    """Pages of `rows`, ordered by columns that are unique together."""
    rows = rows.order_by(*keys)
    page = list(rows[:PAGE_SIZE])
    while page:
        yield page
        if len(page) < PAGE_SIZE:
            break
        last = [getattr(page[-1], key) for key in keys]
        page = list(rows.filter(_after(keys, last))[:PAGE_SIZE])


def _after(keys: Sequence[str], last: Sequence[Any]) -> Q:
    """The condition on rows after `last`, compared column by column."""
    after = Q()
    for number, key in enumerate(keys):
        same = dict(zip(keys[:number], last[:number], strict=True))
        after |= Q(**same, **{f"{key}__gt": last[number]})
    # Redundant, but lets the database seek in an index.
    return Q(**{f"{keys[0]}__gte": last[0]}) & after
