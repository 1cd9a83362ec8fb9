"""Counts attempts at passwords, through the API and the admin alike."""

import hashlib

from django.conf import settings
from django.http import HttpRequest

from agentarium.http.client_address import client_address
from agentarium.http.rate_limits import Allowance, Rate, remember, spend


def count_attempt(request: HttpRequest, username: str) -> Allowance | None:
    """Count an attempt at this account's password from the request's address."""
    source = f"{client_address(request)} {username.lower()}"
    bucket = f"login:{hashlib.sha256(source.encode()).hexdigest()}"
    allowance = spend(bucket, Rate.parse(settings.THROTTLE_RATES["login"]))
    if allowance is not None:
        remember(request, allowance)
    return allowance
