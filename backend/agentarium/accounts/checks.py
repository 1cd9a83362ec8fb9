"""What must be right before anyone is served."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from agentarium.http.rate_limits import Rate


def check_rates(**_: Any) -> list[CheckMessage]:
    """Every rate of the settings can be read; otherwise each request would fail."""
    found: list[CheckMessage] = []
    for scope, text in settings.THROTTLE_RATES.items():
        try:
            Rate.parse(text)
        except ValueError as error:
            found.append(Error(f"{_variable(scope)}: {error}", id="accounts.E001"))
    return found


def _variable(scope: str) -> str:
    return f"AGENTARIUM_RATE_{scope.removeprefix('user_').upper()}"
