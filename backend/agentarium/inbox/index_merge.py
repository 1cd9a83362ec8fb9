"""Index merge: lists whose order no single index has, read from several index ranges.

Such a list is split into parts, each of which an index has in order: the tasks of one
status, or of one agent. The first rows of the list are among the first rows of its
parts, so only those are read, however long the parts are.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from agentarium.agents.models import Agent
from agentarium.db.keyset import Key, beyond, ordered
from agentarium.tasks.models import TaskQuerySet

# The most agents whose tasks are read in one query. With filters, the number of matching
# tasks of each agent is unknown.
MAX_AGENTS = 50


def merge(parts: Sequence[QuerySet[Any]], tasks: Any, size: int) -> Any:
    """The tasks that are among the first `size` rows of one of the parts."""
    queries = [part.values("pk")[:size].query.sql_with_params() for part in parts]
    # The SQL is Django's own; all values stay parameters.
    sql = " UNION ALL ".join(
        f"SELECT * FROM ({query}) AS part"  # noqa: S608
        for query, _ in queries
    )
    values = [value for _, parameters in queries for value in parameters]
    return tasks.filter(pk__in=RawSQL(sql, values))  # noqa: S611


def by_status(
    tasks: TaskQuerySet, statuses: Sequence[str], keys: Sequence[Key], after: Any
) -> list[QuerySet[Any]]:
    """One part for each status: its tasks after the row with the values `after`, if any."""
    if keys[0].path != "status":
        rest = tasks.filter(beyond(keys, after)) if after else tasks
        return [ordered(rest.filter(status=status), keys) for status in statuses]
    return [
        ordered(_after(tasks.filter(status=status), status, keys, after), keys[1:])
        for status in statuses
        if not after or _is_at_or_after(status, after[0], keys[0])
    ]


def _after(tasks: Any, status: str, keys: Sequence[Key], after: Any) -> Any:
    if not after or status != after[0]:
        return tasks
    return tasks.filter(beyond(keys[1:], after[1:]))


def _is_at_or_after(value: str, other: str, key: Key) -> bool:
    return value <= other if key.descending else value >= other


def by_agent(
    subsets: Sequence[TaskQuerySet],
    agents: QuerySet[Agent],
    keys: Sequence[Key],
    after: Any,
    size: int,
) -> Iterator[list[QuerySet[Any]]]:
    """Groups of parts, in the order of the agents: one part for each agent and subset.

    `keys` begin with the agent's name and id, `after` are their values in the last row
    read, if any. `subsets` are all of the tasks, or those of each status. Each group
    should contain `size` tasks; if filters leave fewer, the caller takes the next group.
    """
    name, _, *rest = keys
    agents = agents.order_by(*(("-name", "-pk") if name.descending else ("name", "pk")))
    if after:
        agents = agents.filter(_at_or_after(after, is_descending=name.descending))
    for group in _groups(agents.values_list("pk", "tasks_count"), size):
        parts = [
            (agent, subset.filter(agent=agent)) for agent in group for subset in subsets
        ]
        if after:
            later = beyond(rest, after[2:])
            parts = [
                (agent, part.filter(later) if agent == after[1] else part)
                for agent, part in parts
            ]
        yield [ordered(part, rest) for _, part in parts]


def _at_or_after(after: Sequence[Any], *, is_descending: bool) -> Q:
    name, agent = after[:2]
    lookup = "lt" if is_descending else "gt"
    return Q(**{f"name__{lookup}": name}) | Q(**{"name": name, f"pk__{lookup}e": agent})


def _groups(agents: QuerySet[Any], size: int) -> Iterator[list[int]]:
    """Groups of agents, each twice as large as needed if the last one did not suffice."""
    start, factor = 0, 1
    rows: list[Any] = []
    while rows := rows or list(agents[start : start + MAX_AGENTS]):
        sums = list(accumulate(count for _, count in rows))
        # One more, because most tasks of the first agent may be on earlier pages.
        enough = factor * (sum(total < size for total in sums) + 2)
        group, rows = rows[:enough], rows[enough:]
        start, factor = start + len(group), 2 * factor
        yield [agent for agent, _ in group]
