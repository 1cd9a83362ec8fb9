"""Accounts, as the operator of the server creates and looks them up."""

import sys

import typer
from django.core.exceptions import ValidationError

from agentarium.accounts.models import User
from agentarium.accounts.services import register_user, reset_password
from agentarium.cli.terminal import MISUSED, fail, print_json, say


def find_user(name: str) -> User:
    """Return the account with this name; without a name, the only account."""
    if name:
        named: User | None = User.objects.named(name).first()
        return named or fail(f'There is no account "{name}".')
    users: list[User] = list(User.objects.order_by("id")[:2])
    if not users:
        fail("There is no account yet: create one with `agentarium createuser`.")
    if len(users) > 1:
        fail("There are several accounts: choose one with --user.", MISUSED)
    return users[0]


def read_password(*, is_on_stdin: bool) -> str:
    """Prompt for a password twice, or read the first line of stdin."""
    if is_on_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def create_user(
    *,
    username: str,
    email: str,
    password: str,
    is_staff: bool,
    is_superuser: bool,
    as_json: bool,
) -> None:
    is_first = not User.objects.exists()
    try:
        user = register_user(
            username=username,
            email=email,
            password=password,
            is_staff=is_staff,
            is_superuser=is_superuser,
        )
    except ValidationError as error:
        messages = error.message_dict.items()
        fail(" ".join(f"{name}: {' '.join(texts)}" for name, texts in messages))
    if as_json:
        print_json({"id": user.pk, "username": user.username, "email": user.email})
        return
    role = "the first account, and a superuser" if is_first else "a superuser"
    suffix = f" It is {role}." if user.is_superuser else ""
    say(f"Created the account {user.username}.{suffix}")


def set_password(username: str, *, is_on_stdin: bool) -> None:
    user = find_user(username)
    reset_password(user, read_password(is_on_stdin=is_on_stdin))
    say(f"Set the password of {user.username} and ended their sessions.")
