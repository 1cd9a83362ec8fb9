"""How a request proves whose it is."""

from http import HTTPStatus

from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from agentarium.accounts.models import TOKEN_MARK, ApiToken, User
from agentarium.core.exceptions import DomainError

BEARER = 'Bearer realm="api"'


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer agt_...`; other bearers are left to JWT. One query."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = (
            get_authorization_header(request).decode("latin-1").partition(" ")
        )
        if scheme.lower() != "bearer" or not secret.startswith(TOKEN_MARK):
            return None
        token = (
            ApiToken.objects.with_secret(secret.strip()).select_related("owner").first()
        )
        if token is None or token.revoked_at is not None:
            raise AuthenticationFailed("No such token.", code="invalid_token")
        if token.is_expired:
            raise AuthenticationFailed("The token has expired.", code="token_expired")
        if not token.owner.is_active:
            raise AuthenticationFailed("The account is closed.", code="user_inactive")
        token.note_use()
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return BEARER


class CsrfFailedError(DomainError):
    """The page is out of date; load it again."""

    code = "csrf_failed"
    status = HTTPStatus.FORBIDDEN


class PageSessionAuthentication(SessionAuthentication):
    """The page's session cookie, with the CSRF token that belongs to it."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CsrfFailedError from error
