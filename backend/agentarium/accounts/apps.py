from django.apps import AppConfig
from django.core.checks import register


class AccountsConfig(AppConfig):
    name = "agentarium.accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The import of `storage` registers its quota.
        from agentarium.accounts import periodic_jobs
        from agentarium.accounts import storage as storage
        from agentarium.accounts.checks import check_rates

        register(check_rates)
        periodic_jobs.register()
