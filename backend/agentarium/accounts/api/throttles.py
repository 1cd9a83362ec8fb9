"""How often each caller may ask."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agentarium.accounts.login_attempts import count_attempt
from agentarium.accounts.models import ApiToken
from agentarium.http.client_address import client_address
from agentarium.http.rate_limits import Allowance, Rate, note, spend
from agentarium.http.requests import django_request

# What guesses of the set-up code are counted as; no account can have this name.
SETUP = "set-up code"


class CallerThrottle(BaseThrottle):
    """Each user, each API token and each anonymous address has a rate of its own."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        self.allowance = self.spend(request)
        return self.allowance is None or not self.allowance.is_exceeded

    def wait(self) -> float | None:
        return self.allowance.resets_in if self.allowance else None

    def spend(self, request: Request) -> Allowance | None:
        bucket, rate = _bucket_of(request)
        allowance = spend(bucket, Rate.parse(rate))
        if allowance is not None:
            note(django_request(request), allowance)
        return allowance


class LoginThrottle(CallerThrottle):
    """Guesses of one account's password from one address."""

    def spend(self, request: Request) -> Allowance | None:
        return count_attempt(django_request(request), _claimed_name(request))


class SetupThrottle(CallerThrottle):
    """Guesses of the set-up code from one address."""

    def spend(self, request: Request) -> Allowance | None:
        if not _text(request, "setup_code"):
            return None
        return count_attempt(django_request(request), SETUP)


def _bucket_of(request: Request) -> tuple[str, str]:
    rates = settings.THROTTLE_RATES
    if isinstance(request.auth, ApiToken):
        rate = request.auth.rate or rates["user_token"]
        return f"user_token:{request.auth.pk}", rate
    if request.user.pk is not None:
        return f"user:{request.user.pk}", rates["user"]
    return f"anonymous:{client_address(request)}", rates["anonymous"]


def _claimed_name(request: Request) -> str:
    if request.user.pk is not None:
        return request.user.get_username()
    return _text(request, "username")


def _text(request: Request, field: str) -> str:
    data = request.data
    return str(data.get(field, "")) if isinstance(data, dict) else ""
