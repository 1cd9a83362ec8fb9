"""The tasks that are stored at the end, read from the database."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredStep:
    position: int
    kind: str
    attempt: int
    finished_at: datetime
    message: dict[str, Any]

    def content(self, kind: str) -> str:
        """Its text or its reasoning: `kind` is the type of the parts."""
        parts = [part for part in self.message["parts"] if part["type"] == kind]
        return "".join(part["text"] for part in parts)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    attempt: int
    seq: int
    type: str
    created_at: datetime
    data: dict[str, Any]


@dataclass(slots=True)
class StoredTask:
    id: int
    status: str
    attempt: int
    error_code: str
    output_text: str
    steps_count: int
    input_text: str
    parent_id: int | None
    steps: list[StoredStep] = field(default_factory=list)
    events: list[StoredEvent] = field(default_factory=list)

    @property
    def responses(self) -> list[StoredStep]:
        return [step for step in self.steps if step.kind == "model_response"]


def read_stored_tasks(environment: Mapping[str, str]) -> dict[int, StoredTask]:
    """Return all tasks by id, with their steps and events in order."""
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "agentarium.config.settings"
    import django

    django.setup()
    from django.db import connections

    try:
        return _read_tasks()
    finally:
        connections.close_all()


def _read_tasks() -> dict[int, StoredTask]:
    from agentarium.tasks.models import AgentTask, Event, Step

    fields = ("id", "status", "attempt", "error_code", "output_text", "steps_count")
    more = ("input_text", "parent_id")
    rows = AgentTask.objects.order_by("id").values(*fields, *more)
    tasks = {row["id"]: StoredTask(**row) for row in rows}
    steps = _by_task(Step.objects.order_by("position").values(), StoredStep)
    events = _by_task(Event.objects.order_by("attempt", "seq").values(), StoredEvent)
    for task_id, task in tasks.items():
        task.steps = steps[task_id]
        task.events = events[task_id]
    return tasks


def _by_task(rows: Any, kind: type[Any]) -> dict[int, list[Any]]:
    by_task: dict[int, list[Any]] = defaultdict(list)
    names = kind.__dataclass_fields__
    for row in rows:
        by_task[row["task_id"]].append(kind(**{name: row[name] for name in names}))
    return by_task
