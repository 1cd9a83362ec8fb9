"""What is forgotten of sign-ins that are over."""

from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

MAX_ROWS = 1000


def forget_expired_tokens() -> int:
    """Delete some refresh tokens that nobody can use any more; returns how many."""
    expired = OutstandingToken.objects.filter(expires_at__lte=timezone.now())
    ids = list(expired.order_by("pk").values_list("pk", flat=True)[:MAX_ROWS])
    OutstandingToken.objects.filter(pk__in=ids).delete()
    return len(ids)


def forget_expired_sessions() -> int:
    """Delete some sessions that are over; returns how many."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    keys = list(expired.order_by("expire_date").values_list("pk", flat=True)[:MAX_ROWS])
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
