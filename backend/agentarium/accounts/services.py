"""What people ask of their accounts."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from agentarium.accounts.models import ApiToken, User
from agentarium.accounts.setup import (
    FIRST_ACCOUNT,
    SetupFinishedError,
    finish_setup,
    refuse_outsider,
)
from agentarium.core.exceptions import DomainError, FieldError, InvalidInputError
from agentarium.db.locks import lock_decision

_on_registration: list[Callable[[User], None]] = []


class RegistrationClosedError(DomainError):
    """New accounts are made by the operator of this server."""

    code = "registration_closed"
    status = HTTPStatus.FORBIDDEN


class InvalidCredentialsError(DomainError):
    """The username or the password is wrong."""

    code = "invalid_credentials"
    status = HTTPStatus.UNAUTHORIZED


def on_registration(callback: Callable[[User], None]) -> None:
    """Have `callback` called with each new account, in the transaction that makes it.

    For apps above this one, from their `AppConfig.ready()`.
    """
    if callback not in _on_registration:
        _on_registration.append(callback)


def sign_up(
    *,
    username: str,
    email: str,
    password: str,
    setup_code: str = "",
    is_local: bool = False,
) -> User:
    """Register oneself, where registration is open, or as the first of all.

    The first account of a server is made by whoever sits at its machine (`is_local`),
    or has its set-up code; a code is for nothing else.
    """

    def check() -> None:
        if not User.objects.exists():
            refuse_outsider(setup_code, is_local=is_local)
        elif setup_code:
            raise SetupFinishedError
        elif not settings.REGISTRATION_OPEN:
            raise RegistrationClosedError

    return _register(User(username=username, email=email), password, check=check)


def register_user(
    *,
    username: str,
    email: str,
    password: str,
    is_staff: bool = False,
    is_superuser: bool = False,
) -> User:
    """Make an account and all that a new one starts with, as the operator."""
    user = User(username=username, email=email, is_superuser=is_superuser)
    user.is_staff = is_staff or is_superuser
    return _register(user, password, check=lambda: None)


def _register(user: User, password: str, *, check: Callable[[], None]) -> User:
    """The first account of a server is its superuser, and only one can be the first.

    `check` raises why this account may not be made. The decision is taken by one
    transaction at a time.
    """
    check()
    _check_new_account(user, password)
    # It takes a tenth of a second by design: not while others wait to write.
    user.set_password(password)
    with transaction.atomic():
        lock_decision(FIRST_ACCOUNT)
        check()
        if not User.objects.exists():
            user.is_staff = user.is_superuser = True
            finish_setup()
        _insert(user)
        for callback in _on_registration:
            callback(user)
    return user


def _check_new_account(user: User, password: str) -> None:
    errors: dict[str, list[FieldError]] = {}
    if User.objects.named(user.username).exists():
        errors["username"] = [FieldError("taken", "Somebody has this name.")]
    if user.email and User.objects.at_email(user.email).exists():
        errors["email"] = [FieldError("taken", "Somebody has this address.")]
    if found := password_errors(password, user):
        errors["password"] = found
    if errors:
        raise InvalidInputError(errors=errors)
    user.clean_fields(exclude=["password"])


def _insert(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        # Somebody took the name between our look and our insert.
        taken = FieldError("taken", "Somebody has this name or address.")
        raise InvalidInputError(errors={"username": [taken]}) from error


def password_errors(password: str, user: User) -> list[FieldError]:
    """Why this is no good password for this user."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [
            FieldError(each.code or "invalid", " ".join(each.messages))
            for each in error.error_list
        ]
    return []


def verify_credentials(
    *, request: HttpRequest | None, username: str, password: str
) -> User:
    """The account of these credentials.

    An unknown name, a wrong password and a closed account take the same time and
    get the same answer.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise InvalidCredentialsError
    return user


def change_password(user: User, *, current: str, new: str) -> None:
    """Set a new password; it ends all other sessions and the JWTs given out before."""
    if not user.check_password(current):
        wrong = FieldError("wrong_password", "This is not your password.")
        raise InvalidInputError(errors={"current_password": [wrong]})
    reset_password(user, new)


def reset_password(user: User, new: str) -> None:
    """The same for a user who has forgotten theirs; only the operator may do it."""
    if found := password_errors(new, user):
        raise InvalidInputError(errors={"new_password": found})
    user.set_password(new)
    user.save(update_fields=["password"])


def change_email(user: User, email: str) -> User:
    """Give the account another address, unless somebody has it."""
    taken = FieldError("taken", "Somebody has this address.")
    if User.objects.at_email(email).exclude(pk=user.pk).exists():
        raise InvalidInputError(errors={"email": [taken]})
    user.email = email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as error:
        raise InvalidInputError(errors={"email": [taken]}) from error
    return user


def create_api_token(
    *,
    owner: User,
    name: str,
    scopes: list[str],
    expires_at: datetime | None = None,
    rate: str = "",
) -> tuple[ApiToken, str]:
    """A new token, and its secret, which is not kept and never shown again."""
    secret, prefix = ApiToken.new_secret()
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        prefix=prefix,
        secret_hash=ApiToken.hash_of(secret),
        scopes=scopes,
        expires_at=expires_at,
        rate=rate,
    )
    return token, secret


def revoke_api_token(token: ApiToken) -> None:
    """End the token for good; the row stays as a record."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
