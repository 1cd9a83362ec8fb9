"""JWT pairs for API clients. A refresh token works once."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import update_last_login
from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)
from rest_framework_simplejwt.tokens import BlacklistMixin, RefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch, get_md5_hash_password

from agentarium.accounts.models import User
from agentarium.core.exceptions import DomainError


class InvalidRefreshTokenError(DomainError):
    """The refresh token is not valid, or has been used. Sign in again."""

    code = "token_not_valid"
    status = HTTPStatus.UNAUTHORIZED


class RecordedRefreshToken(RefreshToken):
    """A refresh token whose id is stored, so that it can be revoked. The token is not."""

    @classmethod
    def for_user(cls, user: Any) -> "RecordedRefreshToken":
        token: RecordedRefreshToken = super(BlacklistMixin, cls).for_user(user)
        OutstandingToken.objects.create(
            user=user,
            jti=token[api_settings.JTI_CLAIM],
            token="",
            created_at=token.current_time,
            expires_at=datetime_from_epoch(token["exp"]),
        )
        return token


def sign_in(user: User) -> dict[str, str]:
    """A first pair, for a user who has just presented valid credentials."""
    update_last_login(User, user)
    return _pair(user)


@transaction.atomic
def rotate(text: str) -> dict[str, str]:
    """Exchange a refresh token for a new pair, and revoke it.

    Of several concurrent uses, one succeeds.
    """
    token = _read(text)
    user = User.objects.filter(
        pk=token[api_settings.USER_ID_CLAIM], is_active=True
    ).first()
    if user is None or not _is_of_current_password(token, user):
        raise InvalidRefreshTokenError
    _revoke(token)
    return _pair(user)


def revoke(text: str) -> None:
    """Revoke this refresh token."""
    _revoke(_read(text))


def _pair(user: User) -> dict[str, str]:
    refresh = RecordedRefreshToken.for_user(user)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def _read(text: str) -> RecordedRefreshToken:
    try:
        return RecordedRefreshToken(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidRefreshTokenError from error


def _is_of_current_password(token: RefreshToken, user: User) -> bool:
    claim = token.get(api_settings.REVOKE_TOKEN_CLAIM)
    return bool(claim == get_md5_hash_password(user.password))


def _revoke(token: RefreshToken) -> None:
    outstanding = OutstandingToken.objects.filter(
        jti=token[api_settings.JTI_CLAIM]
    ).first()
    if outstanding is None:
        raise InvalidRefreshTokenError
    _, is_first_use = BlacklistedToken.objects.get_or_create(token=outstanding)
    if not is_first_use:
        raise InvalidRefreshTokenError
