"""Expired refresh tokens and sessions are deleted; others are not."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)
from rest_framework_simplejwt.tokens import RefreshToken

from agentarium.accounts.models import User
from agentarium.accounts.retention import (
    delete_expired_sessions,
    delete_expired_tokens,
)

pytestmark = pytest.mark.django_db


def test_deletes_expired_refresh_tokens(alice: User) -> None:
    expired, valid = (RefreshToken.for_user(alice) for _ in range(2))
    expired.blacklist()
    valid.blacklist()
    OutstandingToken.objects.filter(jti=expired["jti"]).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )

    assert delete_expired_tokens(timezone.now()) == 1

    assert OutstandingToken.objects.get().jti == valid["jti"]
    assert BlacklistedToken.objects.count() == 1


def test_deletes_expired_sessions() -> None:
    for key, hours in (("old", -1), ("young", 1)):
        Session.objects.create(
            session_key=key,
            session_data="",
            expire_date=timezone.now() + timedelta(hours=hours),
        )

    assert delete_expired_sessions(timezone.now()) == 1

    assert Session.objects.get().pk == "young"
