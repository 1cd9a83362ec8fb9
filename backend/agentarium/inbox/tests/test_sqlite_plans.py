"""The statistics of SQLite's planner, without which pages read whole histories."""

from importlib import import_module

import pytest
from django.db import connection
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.db.tests.plans import plans_of
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory

TASKS = "/api/tasks/"
# PostgreSQL has its own statistics, and may read this few tasks by any plan.
BY_ID = {"sqlite": "SEARCH tasks_agenttask USING INTEGER PRIMARY KEY", "postgresql": ""}

pytestmark = pytest.mark.django_db


def test_every_index_of_tasks_has_statistics() -> None:
    migration = import_module("agentarium.tasks.migrations.0003_sqlite_statistics")
    names = {index.name for index in AgentTask._meta.indexes}
    stored = names
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT idx FROM sqlite_stat1 WHERE tbl = 'tasks_agenttask'")
            stored = {name for (name,) in cursor.fetchall()}

    assert names == set(migration.INDEXES) == stored


@pytest.mark.parametrize(
    "query",
    [
        {"status": "completed,failed"},
        {"ordering": "status"},
        {"ordering": "agent__name"},
        {"search": "weather"},
    ],
)
def test_a_page_reads_its_rows_by_id(
    api: APIClient, alice: User, query: dict[str, str]
) -> None:
    TaskFactory.create(agent__owner=alice, input_text="weather")

    with plans_of("beginning") as plans:
        assert api.get(TASKS, query).status_code == 200

    assert plans
    firsts = [plan.splitlines()[0] for plan in plans]
    assert all(BY_ID[connection.vendor] in first for first in firsts)


def test_tasks_that_were_cut_off_are_read_from_their_index(
    api: APIClient, alice: User
) -> None:
    TaskFactory.create(agent__owner=alice, completed=True, finish_reason="length")
    index = {"sqlite": "USING INDEX task_finish_reason", "postgresql": ""}

    with plans_of("beginning") as plans:
        api.get(TASKS, {"finish_reason": "length"})

    assert plans
    assert all(index[connection.vendor] in plan for plan in plans)
