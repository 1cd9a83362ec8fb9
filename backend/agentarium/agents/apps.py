from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agentarium.agents"
    default_auto_field = "django.db.models.BigAutoField"
