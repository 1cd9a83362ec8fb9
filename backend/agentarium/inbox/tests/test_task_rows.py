"""Rows of bulk inserts read like rows that the ORM inserted."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from agentarium.db.bulk_insert import BulkInsert
from agentarium.tasks.models import AgentTask, Event
from agentarium.tasks.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def _events(task: AgentTask, count: int) -> list[Event]:
    return [
        Event(
            task=task,
            attempt=1,
            seq=number + 1,
            type="tool.call",
            created_at=timezone.now(),
            data={"text": "ü \u2028 'x' \" %s", "none": None, "list": [1, 2.5, True]},
        )
        for number in range(count)
    ]


def test_every_value_is_read_back_unchanged() -> None:
    task = TaskFactory.create(running=True, run_after=timezone.now())
    copy = AgentTask.objects.get(pk=task.pk)
    copy.input_text = "ü \u2028 'x' \" %s"

    BulkInsert(
        AgentTask, without=["id", "created_at"], returning=["id", "created_at"]
    ).run([copy])

    stored = AgentTask.objects.get(pk=copy.pk)
    names = [field.attname for field in AgentTask._meta.concrete_fields]
    assert copy.pk != task.pk
    assert [getattr(stored, name) for name in names] == [
        getattr(copy, name) for name in names
    ]


def test_inserts_more_rows_than_fit_into_one_statement() -> None:
    events = _events(TaskFactory.create(), 1201)

    BulkInsert(Event).run(events)

    stored = Event.objects.order_by("seq")
    assert [(event.seq, event.data) for event in stored] == [
        (event.seq, event.data) for event in events
    ]
    assert [event.created_at for event in stored] == [
        event.created_at for event in events
    ]


def test_do_nothing_keeps_existing_rows() -> None:
    events = _events(TaskFactory.create(), 2)
    BulkInsert(Event).run(events[:1])
    events[0].type = "another"

    BulkInsert(Event, conflict="DO NOTHING").run(events)

    assert [*Event.objects.values_list("type", flat=True)] == ["tool.call"] * 2


def test_a_conflict_raises_by_default() -> None:
    events = _events(TaskFactory.create(), 1)
    BulkInsert(Event).run(events)

    with pytest.raises(IntegrityError):
        BulkInsert(Event).run(events)


def test_inserting_no_rows_is_allowed() -> None:
    BulkInsert(Event).run([])

    assert not Event.objects.exists()
