from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "agentarium.operations"

    def ready(self) -> None:
        from agentarium.operations import periodic_jobs

        periodic_jobs.register()
