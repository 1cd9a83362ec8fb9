"""How the settings read the environment."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """The environment; `NAME_FILE` names a file that holds the value of `NAME`."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        """The value; one of the wrong kind is told with the name of its variable."""
        try:
            value = super().get_value(var, *args, **options)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}: {error}") from error
        # Most files end with a line break that is no part of their value.
        return value.strip() if isinstance(value, str) else value

    def parsed(self, name: str, parse: Callable[[Any], T]) -> T:
        """What `parse` makes of a JSON object; its `ValueError` is told with the name."""
        value = self.json(name, {})
        try:
            return parse(value)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error

    def first(self, *names: str) -> str:
        """The first text that is set under one of these names, or an empty one."""
        values = (str(self.str(name, "")) for name in names if name)
        return next((value for value in values if value), "")


def kept_secret(file: Path) -> str:
    """The secret in `file`, made at the first call and readable by its owner only."""
    if not file.exists():
        _create_whole(file, secrets.token_urlsafe(50))
    return file.read_text().strip()


def _create_whole(file: Path, text: str) -> None:
    """Create `file` with all of its text at once, unless another process just did."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
