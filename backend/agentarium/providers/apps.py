from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "agentarium.providers"
    default_auto_field = "django.db.models.BigAutoField"
