from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "agentarium.core"
    default_auto_field = "django.db.models.BigAutoField"
