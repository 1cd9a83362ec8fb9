from typing import Any

from django.db import migrations, models

def add_column(field: migrations.AddField, definition: str) -> Any:
    """Add a column without rebuilding the table on SQLite, as Django would.

    That would drop its triggers and its statistics.
    """
    table, column = f"tasks_{field.model_name_lower}", field.name
    return migrations.SeparateDatabaseAndState(
        [
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD COLUMN {column} {definition}",
                f"ALTER TABLE {table} DROP COLUMN {column}",
            )
        ],
        [field],
    )


class Migration(migrations.Migration):
    dependencies = [("tasks", "0005_add_clock_offset_and_time_of_run")]

    operations = [
        add_column(
            migrations.AddField(
                model_name="agenttask",
                name="usage_is_estimated",
                field=models.BooleanField(
                    db_default=False,
                    default=False,
                    help_text="True if the tokens of a model call, and so its cost, were "
                    "estimated, because its provider did not report them.",
                ),
            ),
            "bool DEFAULT false NOT NULL",
        ),
        migrations.AlterField(
            model_name="agenttask",
            name="cost_is_complete",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="False if a price or the usage of a model call is unknown; "
                "`cost` does not include it.",
            ),
        ),
        add_column(
            migrations.AddField(
                model_name="step",
                name="usage_is_estimated",
                field=models.BooleanField(
                    db_default=False,
                    default=False,
                    help_text="True if the provider reported no tokens.",
                ),
            ),
            "bool DEFAULT false NOT NULL",
        ),
        add_column(
            migrations.AddField(
                model_name="taskcount",
                name="estimated_usages",
                field=models.BigIntegerField(
                    db_default=0,
                    default=0,
                    help_text="Number of tasks with a model call whose usage was estimated.",
                ),
            ),
            "bigint DEFAULT 0 NOT NULL",
        ),
        migrations.AlterField(
            model_name="taskcount",
            name="incomplete_costs",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Number of tasks with a model call of unknown cost.",
            ),
        ),
        migrations.AddIndex(
            model_name="agenttask",
            index=models.Index(
                fields=["worker"],
                name="task_usage_open",
                condition=models.Q(finished_at__isnull=False, worker__isnull=False),
            ),
        ),
    ]
