"""Accounts, as the operator of the server makes and names them."""

import sys

import typer
from django.core.exceptions import ValidationError

from agentarium.accounts.models import User
from agentarium.accounts.services import register_user, reset_password
from agentarium.cli.terminal import MISUSED, fail, print_json, say


def the_user(name: str) -> User:
    """The account of this name, or without a name the only one."""
    if name:
        named: User | None = User.objects.named(name).first()
        return named or fail(f"There is no account {name}.")
    users: list[User] = list(User.objects.order_by("id")[:2])
    if not users:
        fail("There is no account yet: make one with `agentarium createuser`.")
    if len(users) > 1:
        fail("There are several accounts: name one with --user.", MISUSED)
    return users[0]


def read_password(*, is_on_stdin: bool) -> str:
    """Ask for a password twice, or take the first line of stdin."""
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
        said = error.message_dict.items()
        fail(" ".join(f"{name}: {' '.join(texts)}" for name, texts in said))
    if as_json:
        print_json({"id": user.pk, "username": user.username, "email": user.email})
        return
    role = "the first, and the superuser" if is_first else "a superuser"
    told = f" It is {role}." if user.is_superuser else ""
    say(f"The account {user.username} is ready.{told}")


def set_password(username: str, *, is_on_stdin: bool) -> None:
    user = the_user(username)
    reset_password(user, read_password(is_on_stdin=is_on_stdin))
    say(f"The password of {user.username} is set; their sessions have ended.")
