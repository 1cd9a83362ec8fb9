from django.apps import AppConfig


class ToolsConfig(AppConfig):
    name = "agentarium.tools"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The imports register the checks and the quotas.
        from agentarium.tools import checks as checks
        from agentarium.tools import quotas as quotas
