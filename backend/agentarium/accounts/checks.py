"""What must be right before anyone is served."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from agentarium.core.rate_limits import Rate


def check_rates(**_: Any) -> list[CheckMessage]:
    """Every rate of the settings can be read; otherwise each request would fail."""
    found: list[CheckMessage] = []
    for scope, text in settings.THROTTLE_RATES.items():
        try:
            Rate.parse(text)
        except ValueError as error:
            hint = "See AGENTARIUM_RATE_... in .env.example."
            found.append(Error(f"{scope}: {error}", hint=hint, id="accounts.E001"))
    return found
