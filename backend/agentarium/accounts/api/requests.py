from rest_framework.request import Request

from agentarium.accounts.models import User


class AuthenticatedRequest(Request):
    """What a view gets after its permissions have let a user in."""

    user: User
