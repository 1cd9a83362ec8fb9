from django.db import migrations


def say_so(apps, schema_editor):
    tasks = apps.get_model("tasks", "AgentTask").objects
    tasks.filter(steps_count__gt=0).update(cost_is_complete=False)


class Migration(migrations.Migration):

    dependencies = [
        ('tasks', '0004_add_costs'),
    ]

    operations = [
        migrations.RunPython(say_so, migrations.RunPython.noop),
    ]
