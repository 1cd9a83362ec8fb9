"""System checks of the settings, before the server starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from agentarium.http.rate_limits import Rate


def check_rates(**_: Any) -> list[CheckMessage]:
    """Check that every rate limit is valid: otherwise each request would fail."""
    messages: list[CheckMessage] = []
    for scope, text in settings.THROTTLE_RATES.items():
        try:
            Rate.parse(text)
        except ValueError as error:
            messages.append(Error(f"{_variable(scope)}: {error}", id="accounts.E001"))
    return messages


def _variable(scope: str) -> str:
    return f"AGENTARIUM_RATE_{scope.removeprefix('user_').upper()}"
