from rest_framework.request import Request

from agentarium.accounts.models import User


class AuthenticatedRequest(Request):
    """A request that has passed `IsAuthenticated`."""

    user: User
