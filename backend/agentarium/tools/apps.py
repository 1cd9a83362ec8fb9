from django.apps import AppConfig


class ToolsConfig(AppConfig):
    name = "agentarium.tools"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The import registers the checks.
        from agentarium.tools import checks as checks
