"""Deletion of expired refresh tokens and sessions."""

from datetime import datetime

from django.contrib.sessions.models import Session
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

MAX_ROWS = 1000


def delete_expired_tokens(now: datetime) -> int:
    """Delete up to `MAX_ROWS` refresh tokens that have expired at a time. Returns the number."""
    expired = OutstandingToken.objects.filter(expires_at__lte=now)
    ids = list(expired.order_by("pk").values_list("pk", flat=True)[:MAX_ROWS])
    OutstandingToken.objects.filter(pk__in=ids).delete()
    return len(ids)


def delete_expired_sessions(now: datetime) -> int:
    """Delete up to `MAX_ROWS` sessions that have expired at a time. Returns the number."""
    expired = Session.objects.filter(expire_date__lt=now)
    keys = list(expired.order_by("expire_date").values_list("pk", flat=True)[:MAX_ROWS])
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
