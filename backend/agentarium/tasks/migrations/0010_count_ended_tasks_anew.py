from django.db import migrations


def forget(apps, schema_editor):
    # Their costs were not counted: the chore begins again with the first task.
    for name in ("TaskCount", "TaskTime"):
        apps.get_model("tasks", name).objects.all().delete()
    apps.get_model("tasks", "Chore").objects.filter(name="count_ended_tasks").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0009_add_cost_to_counts'),
    ]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
