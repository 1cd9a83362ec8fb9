from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "agentarium.tasks"
    default_auto_field = "django.db.models.BigAutoField"
