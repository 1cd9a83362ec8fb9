from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.services import create_api_token


def with_scopes(owner: User, *scopes: str) -> APIClient:
    """A client that authenticates with an API token with these scopes."""
    _, secret = create_api_token(owner=owner, name="script", scopes=list(scopes))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client
