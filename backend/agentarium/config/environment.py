"""Reads the environment for the settings, and refuses invalid values.

An invalid value does not stop the reading. Its default replaces it until all variables
have been read, and then every problem is reported in one sentence each.
"""

import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import environ

from agentarium.config.value_files import read_value, stored_secret

T = TypeVar("T")

MISUSED = 2
KEY_CHARS = 32
KEY_VARIETY = 8
_TRUE = ("true", "yes", "on", "y", "t", "ok", "1")
_FALSE = ("false", "no", "off", "n", "f", "0")
_MISSING = environ.Env.NOTSET
# Characters that a valid value never contains. Python decodes bytes that are not UTF-8
# as surrogates.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class SettingsError(SystemExit):
    """The environment is not valid. The reasons are on stderr.

    It ends the process with status 2, without a traceback, whatever program reads the
    settings: a command, an ASGI server, Celery or `python -m django`.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__(MISUSED)
        self.problems = tuple(problems)


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """The environment. `NAME_FILE` names a file that contains the value of `NAME`.

    An empty variable counts as not set. `known` has the names of all variables that were
    read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()
        self.problems: list[str] = []

    def get_value(
        self, var: str, cast: Any = None, default: Any = _MISSING, **_: Any
    ) -> Any:
        """The value, or the default if it is not set or not valid.

        All other methods call this one.
        """
        self.known.add(var)
        try:
            text = _text_of(var)
            return _parsed(text, cast) if text else _checked_default(default)
        except ValueError as error:
            self.refuse(var, error)
            return _checked_default(default)

    def refuse(self, name: str, reason: object) -> None:
        """Add a problem: a sentence that begins with the variable's name."""
        problem = f"{name} {reason}"
        if problem not in self.problems:
            self.problems.append(problem)

    def parsed(self, name: str, parse: Callable[[Any], T]) -> T:
        """The result of `parse` for a JSON object or, if it raises `ValueError`, `{}`."""
        value = self.json(name, {})
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(name, f"cannot be used: {error}")
            return parse({})

    def read_text(self, name: str, parse: Callable[[str], T]) -> T:
        """The result of `parse` for a text or, if it raises `ValueError`, for none."""
        try:
            return parse(str(self.str(name, "")))
        except ValueError as error:
            self.refuse(name, error)
            return parse("")

    def read(self, name: str, default: str, parse: Callable[[str], str]) -> str:
        """The result of `parse` for a text. Its `ValueError` says what to do instead."""
        text = str(self.str(name, ""))
        try:
            return parse(text) if text else default
        except ValueError as error:
            self.refuse(name, error)
            return default

    def read_list(self, name: str, parse: Callable[[str], str]) -> list[str]:
        """The results of `parse` for the parts of a comma-separated list."""
        try:
            return [parse(part) for part in self.list(name, str, [])]
        except ValueError as error:
            self.refuse(name, error)
            return []

    def folder(self, name: str, default: str) -> Path:
        """A folder, created if it does not exist, with access for its owner only."""
        folder = Path(self.str(name, default)).absolute()
        try:
            folder = folder.resolve()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            self.refuse(
                name,
                f"is {folder}, which cannot be created ({reason}): set it to a "
                "writable folder.",
            )
        return folder

    def secret(self, name: str, file: Path) -> str:
        """A strong key from the variable, or the one that is stored in `file`."""
        known_problems = len(self.problems)
        key = str(self.str(name, ""))
        if len(self.problems) > known_problems:
            return ""
        if not key:
            try:
                key = stored_secret(file)
            except OSError as error:
                self.refuse(name, _no_key(file, error))
                return ""
            name = str(file)
        if len(key) < KEY_CHARS or len(set(key)) < KEY_VARIETY:
            self.refuse(
                name,
                f"is too easy to guess: use at least {KEY_CHARS} random characters, for "
                "example from `openssl rand -base64 48`. If secrets are stored with the "
                "current key, add it to AGENTARIUM_SECRET_KEY_FALLBACKS and run "
                "`agentarium reseal`.",
            )
        return key

    def is_set(self, name: str) -> bool:
        return bool(self.str(name, ""))

    def number(
        self, name: str, default: T, *, least: float = 0, most: float = math.inf
    ) -> T:
        """A number of the default's type, within bounds."""
        value: Any = self.get_value(name, type(default), default)
        if least <= value <= most:
            return value  # type: ignore[no-any-return]
        bounds = f"from {least} to {most}" if most < math.inf else f"{least} or more"
        self.refuse(name, f"is {value}: set it to a number, {bounds}.")
        return default

    def choice(self, name: str, default: str, choices: Iterable[str]) -> str:
        value = str(self.str(name, default))
        if value in choices:
            return value
        self.refuse(name, f"is {value!r}: set it to one of {', '.join(choices)}.")
        return default

    def first(self, *names: str) -> str:
        """The value of the first of these variables that is set, or an empty string."""
        values = [str(self.str(name, "")) for name in names if name]
        return next((value for value in values if value), "")

    def exit_if_invalid(self) -> None:
        """End the process if any value was refused, with a sentence for each."""
        if self.problems:
            sys.stderr.write("\n".join((*self.problems, "")))
            raise SettingsError(self.problems)


def _text_of(name: str) -> str:
    """The value of a variable or of its file, without surrounding white space."""
    value = os.environ.get(name, "").strip()
    file = os.environ.get(f"{name}_FILE", "").strip()
    if value and file:
        raise ValueError(f"is set, and so is {name}_FILE: unset one of the two.")
    try:
        text = read_value(Path(file)) if file else value
    except OSError as error:
        raise ValueError(
            f"cannot be read from {file} ({error.strerror}): correct {name}_FILE or "
            "unset it."
        ) from None
    if _NOT_TEXT.search(text):
        raise ValueError(
            "contains control characters, or bytes that are not UTF-8: set it to text."
        )
    return text


def _checked_default(default: Any) -> Any:
    if default is _MISSING:
        raise LookupError("Every variable has a default.")
    return default


def _parsed(text: str, cast: Any) -> Any:
    """Parse a text. Raises `ValueError`, which says what to do.

    The error does not quote the text: it may be a secret in the wrong place.
    """
    if cast is bool:
        return _boolean(text)
    if cast in (int, float):
        return _number(text, cast)
    if isinstance(cast, list):
        return [cast[0](part.strip()) for part in text.split(",") if part.strip()]
    if cast in (str, None):
        return text
    try:
        return cast(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not JSON ({error.msg}, {where}): correct it.") from None
    except RecursionError:
        raise ValueError("is JSON that is nested too deeply: correct it.") from None


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("is neither true nor false: set it to one of them.")


def _number(text: str, kind: type[Any]) -> Any:
    what = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except ValueError:
        hint = ""
        if text.startswith("tcp://"):
            hint = " Kubernetes sets it: turn that off with enableServiceLinks: false."
        raise ValueError(f"is not {what}: set it to one.{hint}") from None
    if not 0 <= value < math.inf:
        raise ValueError(f"is {value}: set it to {what} that is not negative.")
    return value


def _no_key(file: Path, error: OSError) -> str:
    return (
        f"is not set, and {file} cannot be used instead ({error.strerror}): set it, or "
        "set AGENTARIUM_DATA to a folder that belongs to the user who runs Agentarium."
    )
