"""What an API token may do. Users who sign in themselves may do all of it."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request

from agentarium.accounts.api.authentication import PageSessionAuthentication
from agentarium.accounts.models import ApiToken


class TokenHasScope(BasePermission):
    """Reading requires the scope `read`, other methods `write`.

    A view may require another scope with `required_scope = "run"`, or by action with
    `scope_by_action = {"cancel": "run"}`.
    """

    code = "insufficient_scope"
    message = "The token does not have the scope for this. Create one that has it."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        scope = self.token_scope(request.method, view)
        self.message = (
            f"The token does not have the scope `{scope}`. Create one that has it."
        )
        return request.auth.allows(scope)

    def token_scope(self, method: str | None, view: Any) -> str:
        """The scope that a token needs."""
        by_action: dict[str, str] = getattr(view, "scope_by_action", {})
        if scope := by_action.get(getattr(view, "action", None) or ""):
            return str(scope)
        if scope := getattr(view, "required_scope", ""):
            return str(scope)
        scopes = ApiToken.Scope
        return str(scopes.READ if method in SAFE_METHODS else scopes.WRITE)


class NoTokenWrites(BasePermission):
    """An API token may read, but must not extend its own rights."""

    code = "token_not_allowed"
    message = "API tokens may not do this. Sign in with your password."

    def refuses_tokens(self, method: str) -> bool:
        return method not in SAFE_METHODS

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        return not isinstance(request.auth, ApiToken)


class FromThePage(AllowAny):
    """Anyone, but only from our page: another site must not sign its visitors in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        PageSessionAuthentication().enforce_csrf(request)
        return True


def may_read(request: Request) -> bool:
    """Whether the caller may see stored texts: a token needs the scope `read` for it."""
    if not isinstance(request.auth, ApiToken):
        return True
    return request.auth.allows(ApiToken.Scope.READ)
