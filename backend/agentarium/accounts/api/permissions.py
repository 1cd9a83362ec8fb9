"""What an API token may do; people themselves may do all of it."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request

from agentarium.accounts.api.authentication import PageSessionAuthentication
from agentarium.accounts.models import ApiToken


class TokenHasScope(BasePermission):
    """Reading needs `read`, other methods `write`, unless the view says otherwise.

    A view says it with `required_scope = "run"`, or by action with
    `scope_by_action = {"cancel": "run"}`.
    """

    code = "insufficient_scope"
    message = "The token lacks the scope for this."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        return request.auth.allows(_scope_for(request, view))


class NoTokenWrites(BasePermission):
    """An API token may look, but must not widen its own powers."""

    code = "token_not_allowed"
    message = "Sign in yourself for this: API tokens may not do it."

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        return not isinstance(request.auth, ApiToken)


class FromThePage(AllowAny):
    """Anyone, but only from our own page: another site could sign its victim in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        PageSessionAuthentication().enforce_csrf(request)
        return True


def _scope_for(request: Request, view: Any) -> str:
    by_action: dict[str, str] = getattr(view, "scope_by_action", {})
    if scope := by_action.get(getattr(view, "action", None) or ""):
        return scope
    if scope := getattr(view, "required_scope", ""):
        return str(scope)
    scopes = ApiToken.Scope
    return scopes.READ if request.method in SAFE_METHODS else scopes.WRITE
