from django.db import migrations, models

# Django would rebuild the table on SQLite, without its triggers and its statistics.
TABLE, COLUMN = "tasks_agenttask", "error_provider_message"


class Migration(migrations.Migration):
    dependencies = [("tasks", "0005_add_clock_offset_and_time_of_run")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    f"ALTER TABLE {TABLE} ADD COLUMN {COLUMN} varchar(1000)"
                    " DEFAULT '' NOT NULL",
                    f"ALTER TABLE {TABLE} DROP COLUMN {COLUMN}",
                )
            ],
            [
                migrations.AddField(
                    model_name="agenttask",
                    name="error_provider_message",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What the model's provider said about the error, in "
                        "its own words.",
                        max_length=1000,
                    ),
                )
            ],
        )
    ]
