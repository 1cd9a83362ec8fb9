"""What SQLite's planner is told of the tasks: that there are many, of a few people.

Without figures it takes each index for about as good as any other, and reads a whole
history in the order of a page, where another index leads to the page's few rows. It
could measure them (`ANALYZE`), but would then plan by what there was on that day. These
are the same from the first task on, so that plans are too; a history that is short is
read fast by any plan. SQLite forgets them with the table: a later migration that makes
the table anew has to write them anew, and one that adds an index has to add its line;
the tests of the lists' order fail otherwise.
"""

from typing import Any

from django.db import migrations

# Of each index: its rows, and how many share its first column, its first two, ...
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
}


def tell(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        # Measures nothing: makes the table of figures, and reads it.
        cursor.execute("ANALYZE sqlite_schema")
        forget(apps, schema_editor)
        cursor.executemany(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat)"
            " VALUES ('tasks_agenttask', %s, %s)",
            list(INDEXES.items()),
        )
        cursor.execute("ANALYZE sqlite_schema")


def forget(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'tasks_agenttask'")


class Migration(migrations.Migration):
    dependencies = [("tasks", "0010_count_ended_tasks_anew")]

    operations = [migrations.RunPython(tell, forget)]
