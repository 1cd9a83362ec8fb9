"""Lists that no single index has in their order, read from the ends of several.

Such a list is cut into parts, each of which an index has in order: the tasks of one
status, or of one agent. The first rows of the list are among the first rows of its
parts, and only those are read, however long the parts are.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from agentarium.agents.models import Agent
from agentarium.db.keyset import Key, beyond, ordered
from agentarium.tasks.models import TaskQuerySet

# Of how many agents tasks are read at once, where they are filtered: nobody knows then
# how many tasks of each are left.
MAX_AGENTS = 50


def merge(parts: Sequence[QuerySet[Any]], tasks: Any, size: int) -> Any:
    """Of `tasks`, those that are among the first `size` of one of their parts."""
    made = [part.values("pk")[:size].query.sql_with_params() for part in parts]
    # The SQL is what Django makes of the parts; values stay parameters.
    sql = " UNION ALL ".join(
        f"SELECT * FROM ({part}) AS part"  # noqa: S608
        for part, _ in made
    )
    values = [value for _, some in made for value in some]
    return tasks.filter(pk__in=RawSQL(sql, values))  # noqa: S611


def by_status(
    tasks: TaskQuerySet, statuses: Sequence[str], keys: Sequence[Key], after: Any
) -> list[QuerySet[Any]]:
    """The tasks of each status that come after the row of these values, if any."""
    if keys[0].path != "status":
        found = tasks.filter(beyond(keys, after)) if after else tasks
        return [ordered(found.filter(status=status), keys) for status in statuses]
    return [
        ordered(_after(tasks.filter(status=status), status, keys, after), keys[1:])
        for status in statuses
        if not after or _comes_not_before(status, after[0], keys[0])
    ]


def _after(tasks: Any, status: str, keys: Sequence[Key], after: Any) -> Any:
    if not after or status != after[0]:
        return tasks
    return tasks.filter(beyond(keys[1:], after[1:]))


def _comes_not_before(value: str, other: str, key: Key) -> bool:
    return value <= other if key.descending else value >= other


def by_agent(
    cuts: Sequence[TaskQuerySet],
    agents: QuerySet[Agent],
    keys: Sequence[Key],
    after: Any,
    size: int,
) -> Iterator[list[QuerySet[Any]]]:
    """The tasks of each agent after the row of these values, in the agents' order.

    `keys` begin with the agent's name and its id; `cuts` are all of the tasks, or
    those of each status, of which each is a part. In groups of agents that should
    hold `size` tasks; whoever finds fewer, because of filters, takes another group.
    """
    name, _, *rest = keys
    agents = agents.order_by(*(("-name", "-pk") if name.descending else ("name", "pk")))
    if after:
        agents = agents.filter(_not_before(after, is_descending=name.descending))
    for group in _groups(agents.values_list("pk", "tasks_count"), size):
        parts = [(agent, cut.filter(agent=agent)) for agent in group for cut in cuts]
        if after:
            later = beyond(rest, after[2:])
            parts = [
                (agent, part.filter(later) if agent == after[1] else part)
                for agent, part in parts
            ]
        yield [ordered(part, rest) for _, part in parts]


def _not_before(after: Sequence[Any], *, is_descending: bool) -> Q:
    name, agent = after[:2]
    side = "lt" if is_descending else "gt"
    return Q(**{f"name__{side}": name}) | Q(**{"name": name, f"pk__{side}e": agent})


def _groups(agents: QuerySet[Any], size: int) -> Iterator[list[int]]:
    """Ever larger ones: where filters leave little of each agent, they do of the next."""
    start, times = 0, 1
    rows: list[Any] = []
    while rows := rows or list(agents[start : start + MAX_AGENTS]):
        sums = list(accumulate(count for _, count in rows))
        # One more, because the first may have given most of its tasks already.
        enough = times * (sum(total < size for total in sums) + 2)
        group, rows = rows[:enough], rows[enough:]
        start, times = start + len(group), 2 * times
        yield [agent for agent, _ in group]
