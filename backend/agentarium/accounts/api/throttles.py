"""How often each caller may ask."""

import hashlib
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agentarium.accounts.models import ApiToken
from agentarium.core.client_address import client_address
from agentarium.core.rate_limits import Allowance, Rate, note, spend


class WindowThrottle(BaseThrottle):
    """Counts a request in one bucket; a subclass says in which, and at which rate."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        bucket, rate = self.bucket(request)
        self.allowance = spend(bucket, Rate.parse(rate))
        if self.allowance is None:
            return True
        note(request._request, self.allowance)
        return not self.allowance.is_exceeded

    def wait(self) -> float | None:
        return self.allowance.resets_in if self.allowance else None

    def bucket(self, request: Request) -> tuple[str, str]:
        raise NotImplementedError


class CallerThrottle(WindowThrottle):
    """Each user, each API token and each anonymous address has a rate of its own."""

    def bucket(self, request: Request) -> tuple[str, str]:
        rates = settings.THROTTLE_RATES
        if isinstance(request.auth, ApiToken):
            rate = request.auth.rate or rates["user_token"]
            return f"user_token:{request.auth.pk}", rate
        if request.user.pk is not None:
            return f"user:{request.user.pk}", rates["user"]
        return f"anonymous:{client_address(request)}", rates["anonymous"]


class LoginThrottle(WindowThrottle):
    """Guesses of one account's password from one address."""

    def bucket(self, request: Request) -> tuple[str, str]:
        who = f"{client_address(request)} {_claimed_name(request)}"
        digest = hashlib.sha256(who.encode()).hexdigest()
        return f"login:{digest}", settings.THROTTLE_RATES["login"]


def _claimed_name(request: Request) -> str:
    if request.user.pk is not None:
        return request.user.get_username().lower()
    data = request.data
    return str(data.get("username", "")).lower() if isinstance(data, dict) else ""
