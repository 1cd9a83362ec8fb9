from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agentarium.agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give each new account an agent that is ready to run."""
        # The import registers the quota.
        from agentarium.accounts.services import on_registration
        from agentarium.agents import quotas as quotas
        from agentarium.agents.services import create_first_agent

        on_registration(create_first_agent)
