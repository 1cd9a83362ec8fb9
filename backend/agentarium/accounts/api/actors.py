from rest_framework_simplejwt.tokens import Token

from agentarium.accounts.actors import Actor
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.models import ApiToken


def actor_of(request: AuthenticatedRequest) -> Actor:
    """Who makes the request, and how they have signed in."""
    user_id, way = request.user.pk, request.auth
    if isinstance(way, ApiToken):
        return Actor(user_id, "api_token", str(way))
    return Actor(user_id, "jwt" if isinstance(way, Token) else "session")
