"""Completing tasks that the ORM inserts (admin, shell, fixtures): `db/whole_rows.py`.

Submitted tasks are inserted by `intake.py`, which writes all of this itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, F
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone

from agentarium.accounts.quotas import ROW_BYTES
from agentarium.accounts.storage import add_unlimited, text_size
from agentarium.agents.models import Agent, AgentVersion
from agentarium.db import clock
from agentarium.observability.metrics import TASKS_SUBMITTED
from agentarium.tasks import counters
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import ENDED, AgentTask, Event
from agentarium.tasks.publishing import publish
from agentarium.tasks.services.queue import next_rank
from agentarium.tasks.services.usage import totals
from agentarium.tasks.wake_ups import wake_workers

Status = AgentTask.Status

# Incomplete tasks are typed `Any` below: their required columns may be None.


class OrmInsertHooks:
    """The `InsertHooks` of every `TaskQuerySet`."""

    def before_insert(self, tasks: Sequence[AgentTask]) -> None:
        """Set the owner, version, times and place in the queue where they are missing."""
        _fill_in_versions(tasks)
        _fill_in_depths(tasks)
        now = clock.now()
        for task in tasks:
            _fill_in_times(task, now)
        _fill_in_ranks(tasks)

    def after_insert(self, tasks: Sequence[AgentTask], *, is_raw: bool) -> None:
        """Log, count and publish the tasks, and wake the workers."""
        Event.objects.bulk_create(
            (event for task in tasks for event in _events(task)),
            # A fixture may contain the events, before their task.
            ignore_conflicts=is_raw,
        )
        if ended := [task.pk for task in tasks if task.is_ended]:
            counters.count_inserted(ended)
        pending = sum(task.status == Status.PENDING for task in tasks)
        if pending:
            transaction.on_commit(lambda: TASKS_SUBMITTED.inc(pending))
            transaction.on_commit(wake_workers)
        for task in tasks:
            publish(task)
        # Last, as in `intake.py`, so that the agents' rows are locked briefly.
        for agent_id, count in sorted(Counter(task.agent_id for task in tasks).items()):
            agent = Agent.objects.filter(pk=agent_id)
            agent.update(tasks_count=F("tasks_count") + count)
        add_unlimited(_sizes(tasks))


def _sizes(tasks: Iterable[AgentTask]) -> Counter[int]:
    """The bytes of the tasks, by owner."""
    sizes: Counter[int] = Counter()
    for task in tasks:
        texts = text_size(task.input_text) + text_size(task.output_text)
        sizes[task.owner_id] += 2 * ROW_BYTES + texts
    return sizes


def _fill_in_versions(tasks: Iterable[Any]) -> None:
    incomplete = [
        task for task in tasks if task.agent_version_id is None or task.owner_id is None
    ]
    current = _current_versions({task.agent_id for task in incomplete})
    if unversioned := {task.agent_id for task in incomplete} - current.keys():
        AgentVersion.objects.record(unversioned)
        current |= _current_versions(unversioned)
    for task in incomplete:
        # A missing agent is left to the foreign key, which refuses it.
        version, owner = current.get(task.agent_id, (None, None))
        if task.agent_version_id is None:
            task.agent_version_id = version
        if task.owner_id is None:
            task.owner_id = owner


def _current_versions(agent_ids: set[int]) -> dict[int, tuple[Any, Any]]:
    """The ids of each agent's current version and owner, by agent id."""
    if not agent_ids:
        return {}
    rows = AgentVersion.objects.filter(
        agent__in=agent_ids, number=F("agent__version")
    ).values_list("agent", "pk", "agent__owner")
    return {agent: (version, owner) for agent, version, owner in rows}


def _fill_in_depths(tasks: Iterable[Any]) -> None:
    children = [task for task in tasks if task.parent_id and not task.depth]
    if children:
        parents = AgentTask.objects.only("depth", "root_id").in_bulk(
            [task.parent_id for task in children]
        )
        for task in children:
            parent = parents.get(task.parent_id)
            task.depth = parent.depth + 1 if parent else 1
            task.root_id = task.root_id or (parent and parent.root_id) or task.parent_id


def _fill_in_times(task: Any, now: datetime) -> None:
    """Times that are missing for the status are those of the creation."""
    created = task.created_at
    if created is None or isinstance(created, DatabaseDefault):
        # By the database's clock, the task could be created just after its end.
        created = now
        if task.created_at is None or task.status != Status.PENDING:
            task.created_at = now
    if task.status in (Status.RUNNING, Status.COMPLETED) and task.started_at is None:
        task.started_at = task.finished_at or created
    if task.status in ENDED and task.finished_at is None:
        task.finished_at = task.started_at or created
    if task.status == Status.PENDING:
        task.is_due = _is_past(task.run_after, now)


def _is_past(moment: Any, now: datetime) -> bool:
    """Whether `run_after` has passed; False for an expression, until it is stored."""
    if hasattr(moment, "resolve_expression"):
        return False
    run_after = DateTimeField().to_python(moment)
    if run_after is not None and timezone.is_naive(run_after):
        # Django stores it in the default time zone, too, with a warning.
        run_after = timezone.make_aware(run_after, timezone.get_default_timezone())
    return run_after is None or run_after <= now


def _fill_in_ranks(tasks: Iterable[AgentTask]) -> None:
    """Tasks of one owner and priority get consecutive ranks."""
    ranks: dict[tuple[int, int], int] = {}
    for task in tasks:
        if task.status != Status.PENDING or not task.is_due or task.rank:
            continue
        queue = (task.owner_id, task.priority)
        if queue not in ranks:
            ranks[queue] = next_rank(owner_id=task.owner_id, priority=task.priority)
        task.rank = ranks[queue]
        ranks[queue] += 1


def _events(task: AgentTask) -> Iterable[Event]:
    """The first event, and the last one if the task has ended."""
    yield Event(task_id=task.pk, attempt=0, seq=1, type=EventType.TASK_CREATED)
    if task.is_ended:
        data = {
            "status": task.status,
            "error_code": task.error_code,
            "error_detail": task.error_detail,
        }
        yield Event(
            task_id=task.pk,
            attempt=task.attempt,
            seq=1 if task.attempt else 2,
            type=EventType.of_status(task.status),
            data=data | totals(task),
        )
