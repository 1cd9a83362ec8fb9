"""Set-up: who may make the first account of a server, which is its superuser.

Whoever reaches a new server first could otherwise take it over. Only where nobody but
the people at its machine can reach it is the first account free for the taking.
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
    """This server is not set up yet: its first account needs the set-up link, which is in the server's log; `agentarium setup-link` prints it, too."""

    code = "setup_required"
    status = HTTPStatus.FORBIDDEN


class InvalidSetupCodeError(DomainError):
    """This set-up link is not valid: use the one that the server printed last, or run `agentarium setup-link` for it."""

    code = "invalid_setup_code"
    status = HTTPStatus.FORBIDDEN


class SetupFinishedError(ConflictError):
    """The set-up link has been used: this server has its first account. Sign in, or ask its administrator for an account."""

    code = "setup_finished"


@transaction.atomic
def setup_code(*, is_renewed: bool = False) -> str | None:
    """The code for the first account, or None once there is an account.

    All processes that share the database and the secret key have the same one, at each
    start. One that has another key replaces it, and so does `is_renewed`.
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


def refuse_outsider(code: str, *, is_local: bool) -> None:
    """Let the first account be made with the code, or without one at this machine."""
    if code:
        if not _is_valid(code):
            # Somebody may have used it between the look at accounts and this one.
            is_used = User.objects.exists()
            raise SetupFinishedError if is_used else InvalidSetupCodeError
    elif not is_local:
        raise SetupRequiredError


def finish_setup() -> None:
    """No code is valid from now on."""
    SetupCode.objects.all().delete()


def _is_valid(code: str) -> bool:
    stored = SetupCode.objects.first()
    # The same work whether there is a code or not.
    wanted = stored.code_hash if stored else ""
    return constant_time_compare(_hash_of(code), wanted)


def _code_of(nonce: str) -> str:
    return salted_hmac(_SALT, nonce, algorithm="sha256").hexdigest()[:40]


def _hash_of(code: str) -> str:
    """A plain hash will do: nobody guesses 160 random bits."""
    return hashlib.sha256(code.encode()).hexdigest()
