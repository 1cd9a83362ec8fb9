from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agentarium.core.resealing import reseal_secrets


class Command(BaseCommand):
    help = "Encrypt every stored secret with the current secret key."

    def handle(self, *args: Any, **options: Any) -> None:
        result = reseal_secrets()
        self.stdout.write(f"{result.rows} rows written.")
        if result.unreadable:
            raise CommandError(
                "Secrets that none of the keys can decrypt: "
                f"{', '.join(result.unreadable)}. Add the former key to "
                "AGENTARIUM_SECRET_KEY_FALLBACKS, or enter these secrets again."
            )
