"""The statistics by which SQLite plans queries on tasks: many tasks of a few users.

Without them the planner considers all indexes equally good, and may scan a whole history
in the order of a page where another index would find the few rows of that page.
`ANALYZE` would measure them, but then plans would depend on the data of that day. With
fixed figures the plans never change; a short history is fast with any plan. SQLite drops
the statistics with the table: a later migration that rebuilds the table has to write
them again, and one that adds an index has to add a line. Otherwise the tests of the
lists' order fail.
"""

from typing import Any

from django.db import migrations

# For each index: the number of rows, then the average number of rows that share the
# first column, the first two columns, ...
INDEXES = {
    "task_agent_newest": "1000000 5000 5000 1 1",
    "task_agent_status": "1000000 5000 5000 1000 1 1",
    "task_owner_created": "1000000 100000 1 1",
    "task_owner_status": "1000000 100000 20000 1 1",
    "task_finished": "1000000 1",
    "task_parent": "100000 10",
    "task_follows": "100000 1",
    "task_worker_lost": "1000 1",
    "task_pending": "100 50 1 1",
    "task_owner_pending": "100 10 5 1",
    "task_not_due": "100 1",
    "task_owner_running": "100 10 2",
    "task_running": "100 10",
    "task_usage_open": "100 10",
    "task_finish_reason": "1000000 100000 20000 1 1",
}


def write(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        # Measures nothing; creates the table of statistics, and loads it.
        cursor.execute("ANALYZE sqlite_schema")
        delete(apps, schema_editor)
        cursor.executemany(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat)"
            " VALUES ('tasks_agenttask', %s, %s)",
            list(INDEXES.items()),
        )
        cursor.execute("ANALYZE sqlite_schema")


def delete(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'tasks_agenttask'")


class Migration(migrations.Migration):
    dependencies = [("tasks", "0002_search_index")]

    operations = [migrations.RunPython(write, delete)]
