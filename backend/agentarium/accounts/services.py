"""Registration, passwords, email addresses and API tokens."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from agentarium.accounts.models import ApiToken, User
from agentarium.accounts.quotas import API_TOKENS, check_room
from agentarium.accounts.setup import (
    FIRST_ACCOUNT,
    SetupFinishedError,
    check_may_set_up,
    finish_setup,
)
from agentarium.core.exceptions import DomainError, FieldError, InvalidInputError
from agentarium.db.clock import Now
from agentarium.db.locks import lock_decision

EMAIL_TAKEN = "This email address is taken. Use another."

_on_registration: list[Callable[[User], None]] = []


class RegistrationClosedError(DomainError):
    """Registration is closed. Ask the operator of this server for an account."""

    code = "registration_closed"
    status = HTTPStatus.FORBIDDEN


class InvalidCredentialsError(DomainError):
    """The username or the password is wrong."""

    code = "invalid_credentials"
    status = HTTPStatus.UNAUTHORIZED


def on_registration(callback: Callable[[User], None]) -> None:
    """Call `callback` with each new account, in the transaction that creates it.

    Apps above this one call this in their `AppConfig.ready()`.
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
    """Create an account by self-registration, or the first account of the server.

    The first account requires a request from the server's machine (`is_local`) or the
    set-up code, which is good for nothing else.
    """

    def check() -> None:
        if not User.objects.exists():
            check_may_set_up(setup_code, is_local=is_local)
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
    """Create an account, with everything that a new one starts with, as the operator."""
    user = User(username=username, email=email, is_superuser=is_superuser)
    user.is_staff = is_staff or is_superuser
    return _register(user, password, check=lambda: None)


def _register(user: User, password: str, *, check: Callable[[], None]) -> User:
    """Create an account. The first account of a server becomes its superuser.

    `check` raises if this account must not be created. A lock lets one transaction at a
    time decide, so that only one account is the first.
    """
    check()
    _check_new_account(user, password)
    # Hashing takes a tenth of a second by design: do it outside the transaction.
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
        taken = "This username is taken. Choose another."
        errors["username"] = [FieldError("taken", taken)]
    if user.email and User.objects.with_email(user.email).exists():
        errors["email"] = [FieldError("taken", EMAIL_TAKEN)]
    if weaknesses := password_errors(password, user):
        errors["password"] = weaknesses
    if errors:
        raise InvalidInputError(errors=errors)
    user.clean_fields(exclude=["password"])


def _insert(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        # Another account took the name between our check and our insert.
        taken = FieldError("taken", "This username or email address is taken.")
        raise InvalidInputError(errors={"username": [taken]}) from error


def password_errors(password: str, user: User) -> list[FieldError]:
    """The reasons why this password is too weak for this user."""
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
    """The account with these credentials. Raises `InvalidCredentialsError`.

    An unknown name, a wrong password and a closed account take the same time and raise
    the same error.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise InvalidCredentialsError
    return user


def change_password(user: User, *, current: str, new: str) -> None:
    """Set a new password. It ends all other sessions and all JWTs issued before."""
    if not user.check_password(current):
        wrong = FieldError("wrong_password", "The current password is wrong.")
        raise InvalidInputError(errors={"current_password": [wrong]})
    reset_password(user, new)


def reset_password(user: User, new: str) -> None:
    """Set a new password without the current one. Only for the operator."""
    if weaknesses := password_errors(new, user):
        raise InvalidInputError(errors={"new_password": weaknesses})
    user.set_password(new)
    user.save(update_fields=["password"])


def change_email(user: User, email: str) -> User:
    """Change the account's email address. Raises `InvalidInputError` if it is taken."""
    taken = FieldError("taken", EMAIL_TAKEN)
    if User.objects.with_email(email).exclude(pk=user.pk).exists():
        raise InvalidInputError(errors={"email": [taken]})
    user.email = email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as error:
        raise InvalidInputError(errors={"email": [taken]}) from error
    return user


@transaction.atomic
def create_api_token(
    *,
    owner: User,
    name: str,
    scopes: list[str],
    expires_at: datetime | None = None,
    rate: str = "",
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is not stored and cannot be read again.

    Raises `QuotaExceededError`.
    """
    check_room(API_TOKENS, owner.pk)
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
    """Revoke the token. The row stays as a record."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now())
