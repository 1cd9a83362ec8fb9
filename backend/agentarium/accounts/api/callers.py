"""The `Caller` of a request."""

from datetime import UTC, datetime

from rest_framework_simplejwt.tokens import Token

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.callers import Caller
from agentarium.accounts.models import ApiToken
from agentarium.http.requests import django_request


def caller_of(request: AuthenticatedRequest) -> Caller:
    """Who makes the request, and the credentials that it relies on."""
    user, auth = request.user, request.auth
    if isinstance(auth, ApiToken):
        return Caller(user.pk, token_id=auth.pk, expires_at=auth.expires_at)
    if isinstance(auth, Token):
        expires_at = datetime.fromtimestamp(auth["exp"], UTC)
        return Caller(user.pk, password=user.password, expires_at=expires_at)
    session_key = django_request(request).session.session_key or ""
    return Caller(user.pk, session_key=session_key, password=user.password)
