from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("tasks", "0006_estimated_usage")]

    operations = [
        migrations.AddField(
            model_name="agenttask",
            name="finish_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("stop", "Stop"),
                    ("length", "Length"),
                    ("content_filter", "Content Filter"),
                    ("refusal", "Refusal"),
                    ("other", "Other"),
                ],
                help_text="Why the model ended its answer: `stop` (it was done), "
                "`length` (cut off), `content_filter`, `refusal` or `other`; null if no "
                "answer ended the task.",
                max_length=16,
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="agenttask",
            index=models.Index(
                fields=["owner", "finish_reason", "-created_at", "-id"],
                name="task_finish_reason",
                condition=models.Q(finish_reason__isnull=False),
            ),
        ),
    ]
