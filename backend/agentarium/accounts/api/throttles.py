"""Decides which rate limit a request counts against. `http/rate_limits.py` counts."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agentarium.accounts.login_attempts import count_attempt
from agentarium.accounts.models import ApiToken
from agentarium.http.client_address import limited_address
from agentarium.http.rate_limits import Allowance, Bucket, Rate, remember, spend
from agentarium.http.requests import django_request

# Attempts at the set-up code count under this name, which no account can have.
SETUP = "set-up code"
# The environment's key of what was counted already.
COUNTED = "agentarium.counted"


class CallerThrottle(BaseThrottle):
    """Each user and each anonymous address has a rate, and each token a share of it."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        # A request with a large body comes twice, and counts once: `http/body_limits.py`.
        counted: dict[type, Allowance | None]
        counted = django_request(request).META.setdefault(COUNTED, {})
        if type(self) not in counted:
            counted[type(self)] = self.spend(request)
        elif earlier := counted[type(self)]:
            remember(django_request(request), earlier)
        self.allowance = counted[type(self)]
        return self.allowance is None or not self.allowance.is_exceeded

    def wait(self) -> float | None:
        return self.allowance.resets_in if self.allowance else None

    def spend(self, request: Request) -> Allowance | None:
        allowance = spend(*_buckets_of(request))
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


def _buckets_of(request: Request) -> list[Bucket]:
    """The buckets of the caller. The last one is shared by all tokens of a user.

    A token that has spent its own rate spends nothing of its owner's.
    """
    rates = settings.THROTTLE_RATES
    if request.user.pk is None:
        name = f"anonymous:{limited_address(django_request(request))}"
        return [Bucket(name, Rate.parse(rates["anonymous"]))]
    of_user = Bucket(f"user:{request.user.pk}", Rate.parse(rates["user"]))
    if not isinstance(request.auth, ApiToken):
        return [of_user]
    name = f"user_token:{request.auth.pk}"
    return [*(Bucket(name, rate) for rate in _rates_of(request.auth)), of_user]


def _rates_of(token: ApiToken) -> list[Rate]:
    """The token's own rate and the server's; only the smaller, if both are per minute."""
    rates = [Rate.parse(settings.THROTTLE_RATES["user_token"])]
    if token.rate:
        rates.append(Rate.parse(token.rate))
    limits: dict[int, int] = {}
    for limit, seconds in rates:
        limits[seconds] = min(limit, limits.get(seconds, limit))
    return [Rate(limit, seconds) for seconds, limit in limits.items()]


def _account_name(request: Request) -> str:
    if request.user.pk is not None:
        return request.user.get_username()
    return _text_field(request, "username")


def _text_field(request: Request, field: str) -> str:
    data = request.data
    return str(data.get(field, "")) if isinstance(data, dict) else ""
