"""Authentication of requests: API tokens, JWTs and the page's session cookie."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.utils import aware_utcnow, get_md5_hash_password

from agentarium.accounts.models import TOKEN_MARK, ApiToken, User
from agentarium.core.exceptions import DomainError
from agentarium.db.compiled_query import CompiledQuery

TOKENS = CompiledQuery(lambda: ApiToken.objects.select_related("owner"))
USERS = CompiledQuery(User.objects.all)
BEARER = 'Bearer realm="api"'


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer agt_...`. JWT handles other bearers. One query."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        # Not from `headers`, which is built from all headers at its first use.
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.startswith(TOKEN_MARK):
            return None
        token = TOKENS.find(secret_hash=ApiToken.hash_of(secret.strip()))
        if token is None or token.revoked_at is not None:
            raise AuthenticationFailed(
                "The token does not exist, or has been revoked.", code="invalid_token"
            )
        if token.is_expired:
            raise AuthenticationFailed("The token has expired.", code="token_expired")
        if not token.owner.is_active:
            raise AuthenticationFailed("The account is closed.", code="user_inactive")
        token.record_use()
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return BEARER


class AccessTokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer eyJ...`: a JWT that we issued. One query."""

    def get_validated_token(self, raw_token: bytes) -> AccessToken:
        try:
            token = _verified(raw_token)
            token.check_exp(current_time=aware_utcnow())
        except TokenError as error:
            raise InvalidToken(str(error)) from error
        return token

    def get_user(self, validated_token: Any) -> Any:
        user = USERS.find(id=validated_token[api_settings.USER_ID_CLAIM])
        if user is None:
            raise AuthenticationFailed(
                "The account does not exist.", code="user_not_found"
            )
        if not user.is_active:
            raise AuthenticationFailed("The account is closed.", code="user_inactive")
        password = validated_token.get(api_settings.REVOKE_TOKEN_CLAIM)
        if password != get_md5_hash_password(user.password):
            raise AuthenticationFailed(
                "The password has been changed. Sign in again.", code="password_changed"
            )
        return user


@lru_cache(maxsize=1000)
def _verified(raw_token: bytes) -> AccessToken:
    """The token, if we signed it. This can be cached, unlike the check of its age.

    Raises `TokenError`, which is not cached.
    """
    return AccessToken(raw_token)  # type: ignore[arg-type]


class CsrfFailedError(DomainError):
    """The page is out of date. Reload it."""

    code = "csrf_failed"
    status = HTTPStatus.FORBIDDEN


class PageSessionAuthentication(SessionAuthentication):
    """The page's session cookie, with its CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CsrfFailedError from error
