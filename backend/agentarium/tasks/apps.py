from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "agentarium.tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agentarium.tasks import periodic_jobs
        from agentarium.tasks.models import TaskQuerySet
        from agentarium.tasks.services.orm_inserts import OrmInsertHooks

        TaskQuerySet.insert_hooks = OrmInsertHooks()
        periodic_jobs.register()
