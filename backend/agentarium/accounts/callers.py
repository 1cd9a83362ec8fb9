"""Who makes a request, and with what: to ask later whether they still may.

A response that takes long, such as an event stream, is authenticated once. Meanwhile its
token may be revoked, its session ended, the password changed or the account closed.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

from django.contrib.sessions.models import Session

from agentarium.accounts.models import ApiToken, User
from agentarium.db import clock


class Refusal(NamedTuple):
    """Why a caller may not go on: a code of the API's problems, and a sentence."""

    code: str
    detail: str


ACCOUNT_CLOSED = Refusal("user_inactive", "The account is closed.")
TOKEN_REVOKED = Refusal("invalid_token", "The token has been revoked.")
TOKEN_EXPIRED = Refusal("token_expired", "The token has expired.")
PASSWORD_CHANGED = Refusal(
    "password_changed", "The password has been changed. Sign in again."
)
SESSION_ENDED = Refusal("not_authenticated", "The session has ended. Sign in again.")


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, and the credentials of their request.

    `password` is the stored hash of the password that a session or a JWT relies on.
    """

    user_id: int
    token_id: int | None = None
    session_key: str = ""
    password: str = field(default="", repr=False)
    expires_at: datetime | None = None


def refusals(callers: Collection[Caller]) -> dict[Caller, Refusal]:
    """Those of the callers who may not go on, and why.

    At most three queries, however many callers there are: users, API tokens, sessions.
    """
    state = _State.read(callers)
    found = {caller: state.refusal(caller) for caller in callers}
    return {caller: refusal for caller, refusal in found.items() if refusal}


@dataclass(frozen=True, slots=True)
class _State:
    """The active users with their passwords, and the valid tokens and sessions."""

    passwords: dict[int, str]
    tokens: set[int]
    sessions: set[str]
    now: datetime

    @classmethod
    def read(cls, callers: Collection[Caller]) -> Self:
        users = User.objects.filter(pk__in={each.user_id for each in callers})
        token_ids = {each.token_id for each in callers if each.token_id}
        keys = {each.session_key for each in callers if each.session_key}
        now = clock.now()
        return cls(
            passwords=dict(users.filter(is_active=True).values_list("pk", "password")),
            tokens=_valid_tokens(token_ids) if token_ids else set(),
            sessions=_valid_sessions(keys, now) if keys else set(),
            now=now,
        )

    def refusal(self, caller: Caller) -> Refusal | None:
        password = self.passwords.get(caller.user_id)
        if password is None:
            return ACCOUNT_CLOSED
        if caller.token_id and caller.token_id not in self.tokens:
            return TOKEN_REVOKED
        if caller.expires_at and caller.expires_at <= self.now:
            return TOKEN_EXPIRED
        if caller.session_key and caller.session_key not in self.sessions:
            return SESSION_ENDED
        if caller.password and caller.password != password:
            return PASSWORD_CHANGED
        return None


def _valid_tokens(ids: Collection[int]) -> set[int]:
    tokens = ApiToken.objects.filter(pk__in=ids, revoked_at=None)
    return set(tokens.values_list("pk", flat=True))


def _valid_sessions(keys: Collection[str], now: datetime) -> set[str]:
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    return set(sessions.values_list("session_key", flat=True))
