"""Guesses of a password are counted, whatever form they come through."""

import hashlib

from django.conf import settings
from django.http import HttpRequest

from agentarium.http.client_address import client_address
from agentarium.http.rate_limits import Allowance, Rate, note, spend


def count_attempt(request: HttpRequest, username: str) -> Allowance | None:
    """Count a guess of this account's password from the request's address."""
    who = f"{client_address(request)} {username.lower()}"
    bucket = f"login:{hashlib.sha256(who.encode()).hexdigest()}"
    allowance = spend(bucket, Rate.parse(settings.THROTTLE_RATES["login"]))
    if allowance is not None:
        note(request, allowance)
    return allowance
