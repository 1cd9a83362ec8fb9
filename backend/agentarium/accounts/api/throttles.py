"""Decides which rate limit a request counts against. `http/rate_limits.py` counts."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agentarium.accounts.login_attempts import count_attempt
from agentarium.accounts.models import ApiToken
from agentarium.http.client_address import client_address
from agentarium.http.rate_limits import Allowance, Rate, remember, spend
from agentarium.http.requests import django_request

# Attempts at the set-up code count under this name, which no account can have.
SETUP = "set-up code"


class CallerThrottle(BaseThrottle):
    """Each user, each API token and each anonymous address has its own rate."""

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
            remember(django_request(request), allowance)
        return allowance


class LoginThrottle(CallerThrottle):
    """Attempts at one account's password from one address."""

    def spend(self, request: Request) -> Allowance | None:
        return count_attempt(django_request(request), _account_name(request))


class SetupThrottle(CallerThrottle):
    """Attempts at the set-up code from one address."""

    def spend(self, request: Request) -> Allowance | None:
        if not _text_field(request, "setup_code"):
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


def _account_name(request: Request) -> str:
    if request.user.pk is not None:
        return request.user.get_username()
    return _text_field(request, "username")


def _text_field(request: Request, field: str) -> str:
    data = request.data
    return str(data.get(field, "")) if isinstance(data, dict) else ""
