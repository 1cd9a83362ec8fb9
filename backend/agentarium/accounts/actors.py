"""Who did something, and how they had signed in, for records of changes."""

from dataclasses import dataclass
from typing import Literal

# The page's session, a JWT, an API token, or a command on the server.
Via = Literal["session", "jwt", "api_token", "server"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, and how the request was authenticated.

    `token` names the API token, by its prefix and its name; otherwise it is empty.
    """

    user_id: int | None
    via: Via
    token: str = ""


# A command, or code without a request.
SERVER = Actor(None, "server")
