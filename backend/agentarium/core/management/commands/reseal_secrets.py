from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agentarium.core.resealing import reseal_secrets


class Command(BaseCommand):
    help = "Encrypt every stored secret with the current secret key."

    def handle(self, *args: Any, **options: Any) -> None:
        done = reseal_secrets()
        self.stdout.write(f"{done.rows} rows written.")
        if done.unreadable:
            raise CommandError(
                "No key reads the secrets of " + ", ".join(done.unreadable)
            )
