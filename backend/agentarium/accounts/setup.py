"""Set-up: who may create the first account of a server, which is its superuser.

Without this check, the first person to reach a new server could take it over. The first
account requires the set-up code, unless the request comes from the server's own machine.
"""

import hashlib
import secrets
from http import HTTPStatus

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from agentarium.accounts.models import SetupCode, User
from agentarium.core.exceptions import ConflictError, DomainError
from agentarium.db.locks import lock_decision

FIRST_ACCOUNT = 0x61677431
_SALT = "agentarium.accounts.setup"


class SetupRequiredError(DomainError):
    """This server is not set up yet. Open the set-up link to create its first account: it is in the server's log, and `agentarium setup-link` prints it."""

    code = "setup_required"
    status = HTTPStatus.FORBIDDEN


class InvalidSetupCodeError(DomainError):
    """This set-up link is not valid. Use the one that the server printed last, or run `agentarium setup-link`."""

    code = "invalid_setup_code"
    status = HTTPStatus.FORBIDDEN


class SetupFinishedError(ConflictError):
    """The set-up link has been used, and this server has its first account. Sign in, or ask its administrator for an account."""

    code = "setup_finished"


@transaction.atomic
def setup_code(*, is_renewed: bool = False) -> str | None:
    """The code for the first account, or None once there is an account.

    All processes with the same database and secret key have the same code at each start.
    A process with another key replaces it, and so does `is_renewed`.
    """
    lock_decision(FIRST_ACCOUNT)
    if User.objects.exists():
        return None
    stored = SetupCode.objects.first()
    if stored and not is_renewed:
        code = _code_of(stored.nonce)
        if _hash_of(code) == stored.code_hash:
            return code
    finish_setup()
    nonce = secrets.token_hex(16)
    code = _code_of(nonce)
    SetupCode.objects.create(nonce=nonce, code_hash=_hash_of(code))
    return code


def check_may_set_up(code: str, *, is_local: bool) -> None:
    """Raise unless the code is valid, or is empty in a request from this machine."""
    if code:
        if not _is_valid(code):
            # Another request may have used it since the check for accounts.
            is_used = User.objects.exists()
            raise SetupFinishedError if is_used else InvalidSetupCodeError
    elif not is_local:
        raise SetupRequiredError


def finish_setup() -> None:
    """Invalidate the code."""
    SetupCode.objects.all().delete()


def _is_valid(code: str) -> bool:
    stored = SetupCode.objects.first()
    # The same work whether a code exists or not.
    expected = stored.code_hash if stored else ""
    return constant_time_compare(_hash_of(code), expected)


def _code_of(nonce: str) -> str:
    return salted_hmac(_SALT, nonce, algorithm="sha256").hexdigest()[:40]


def _hash_of(code: str) -> str:
    """A plain hash is enough: 160 random bits cannot be guessed."""
    return hashlib.sha256(code.encode()).hexdigest()
