from django.conf import settings
from django.db import migrations, models

from agentarium.db.online_indexes import AddIndexOnline, RemoveIndexOnline


class Migration(migrations.Migration):
    """While it runs, tasks can be read and written."""

    atomic = False

    dependencies = [
        ("tasks", "0005_say_that_old_costs_are_unknown"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexOnline(
            model_name="agenttask",
            index=models.Index(
                fields=["agent", "owner", "-created_at", "-id"], name="task_agent_newest"
            ),
        ),
        AddIndexOnline(
            model_name="agenttask",
            index=models.Index(
                fields=["agent", "owner", "status", "-created_at", "-id"],
                name="task_agent_status",
            ),
        ),
        RemoveIndexOnline(model_name="agenttask", name="task_agent_created"),
        RemoveIndexOnline(model_name="agenttask", name="task_created"),
    ]
