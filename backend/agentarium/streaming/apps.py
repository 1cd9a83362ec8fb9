from django.apps import AppConfig


class StreamingConfig(AppConfig):
    name = "agentarium.streaming"

    def ready(self) -> None:
        from agentarium.streaming.publisher import publish_change
        from agentarium.tasks.publishing import register_publisher

        register_publisher(publish_change)
