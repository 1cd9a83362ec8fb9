"""JWT pairs for API clients: a refresh token works once."""

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
    """The refresh token is not valid, or has been used before."""

    code = "token_not_valid"
    status = HTTPStatus.UNAUTHORIZED


class RecordedRefreshToken(RefreshToken):
    """Its id is kept, so that it can be refused later; the token itself is not."""

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
    """A first pair, for a user who has just shown who it is."""
    update_last_login(User, user)
    return _pair(user)


@transaction.atomic
def rotate(text: str) -> dict[str, str]:
    """A new pair for a refresh token, which is refused from now on.

    Of several uses at the same time, one wins.
    """
    token = _read(text)
    user = User.objects.filter(
        pk=token[api_settings.USER_ID_CLAIM], is_active=True
    ).first()
    if user is None or not _is_of_current_password(token, user):
        raise InvalidRefreshTokenError
    _use_up(token)
    return _pair(user)


def end(text: str) -> None:
    """Refuse this refresh token from now on."""
    _use_up(_read(text))


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


def _use_up(token: RefreshToken) -> None:
    outstanding = OutstandingToken.objects.filter(
        jti=token[api_settings.JTI_CLAIM]
    ).first()
    if outstanding is None:
        raise InvalidRefreshTokenError
    _, is_first_use = BlacklistedToken.objects.get_or_create(token=outstanding)
    if not is_first_use:
        raise InvalidRefreshTokenError
