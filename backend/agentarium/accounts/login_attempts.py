"""Counts attempts at passwords, through the API and the admin alike."""

import hashlib

from django.conf import settings
from django.http import HttpRequest

from agentarium.accounts.models import folded_name
from agentarium.http.client_address import limited_address
from agentarium.http.rate_limits import Allowance, Bucket, Rate, remember, spend


def count_attempt(request: HttpRequest, username: str) -> Allowance:
    """Count an attempt at this account's password from the request's address.

    All spellings of a name that find the same account count together.
    """
    source = f"{limited_address(request)} {folded_name(username)}"
    name = f"login:{hashlib.sha256(source.encode()).hexdigest()}"
    rate = Rate.parse(settings.THROTTLE_RATES["login"])
    allowance = spend(Bucket(name, rate))
    remember(request, allowance)
    return allowance
