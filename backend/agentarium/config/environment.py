"""How the settings read the environment, and how they refuse what they cannot use.

A value that cannot be used does not stop the reading: its default stands in until all
variables were read, and then every problem is reported, each in one sentence.
"""

import json
import math
import os
import secrets
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import environ

T = TypeVar("T")

MISUSED = 2
KEY_CHARS = 32
KEY_VARIETY = 8
_TRUE = ("true", "yes", "on", "y", "t", "ok", "1")
_FALSE = ("false", "no", "off", "n", "f", "0")
_MISSING = environ.Env.NOTSET


class SettingsError(SystemExit):
    """The environment cannot be used; the reasons are on stderr.

    It ends the process with 2, without a traceback, whatever has read the settings: a
    command, an ASGI server, Celery or `python -m django`.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__(MISUSED)
        self.problems = tuple(problems)


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """The environment; `NAME_FILE` names a file that holds the value of `NAME`.

    A variable that is empty counts as one that is not set. `known` are the names of
    all that were asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()
        self.problems: list[str] = []

    def get_value(
        self, var: str, cast: Any = None, default: Any = _MISSING, **_: Any
    ) -> Any:
        """The value, or the default where there is none or it cannot be used.

        All other methods go through this one.
        """
        self.known.add(var)
        try:
            text = _text_of(var)
            return _parsed(text, cast) if text else _given(default, cast)
        except ValueError as error:
            self.refuse(var, error)
            return _given(default, cast)

    def refuse(self, name: str, reason: object) -> None:
        problem = f"{name} {reason}"
        if problem not in self.problems:
            self.problems.append(problem)

    def parsed(self, name: str, parse: Callable[[Any], T]) -> T:
        """What `parse` makes of a JSON object, or of `{}`; `ValueError` refuses it."""
        value = self.json(name, {})
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(name, f"cannot be used: {error}")
            return parse({})

    def read(self, name: str, default: str, parse: Callable[[str], str]) -> str:
        """What `parse` makes of a text; its `ValueError` says what to do instead."""
        text = str(self.str(name, ""))
        try:
            return parse(text) if text else default
        except ValueError as error:
            self.refuse(name, error)
            return default

    def each(self, name: str, parse: Callable[[str], str]) -> list[str]:
        """The same of each part of a list."""
        try:
            return [parse(part) for part in self.list(name, str, [])]
        except ValueError as error:
            self.refuse(name, error)
            return []

    def folder(self, name: str, default: str) -> Path:
        """A folder, made at the first call and private then."""
        folder = Path(self.str(name, default)).absolute()
        try:
            folder = folder.resolve()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            self.refuse(
                name,
                f"is {folder}, which cannot be created ({reason}): set it to a folder "
                "that may be written.",
            )
        return folder

    def secret(self, name: str, file: Path) -> str:
        """A key that is long enough, or the one that is kept in `file`."""
        known_problems = len(self.problems)
        key = str(self.str(name, ""))
        if len(self.problems) > known_problems:
            return ""
        if not key:
            try:
                key = kept_secret(file)
            except OSError as error:
                self.refuse(name, _no_key(file, error))
                return ""
            name = str(file)
        if len(key) < KEY_CHARS or len(set(key)) < KEY_VARIETY:
            self.refuse(
                name,
                f"is too easy to guess: use {KEY_CHARS} random characters or more, as "
                "from `openssl rand -base64 48`; if secrets are stored under the "
                "present key, put that into AGENTARIUM_SECRET_KEY_FALLBACKS and run "
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
        """The first text that is set under one of these names, or an empty one."""
        values = [str(self.str(name, "")) for name in names if name]
        return next((value for value in values if value), "")

    def end_if_wrong(self) -> None:
        """End the process if any value was refused, with a sentence for each."""
        if self.problems:
            sys.stderr.write("\n".join((*self.problems, "")))
            raise SettingsError(self.problems)


def _text_of(name: str) -> str:
    """The value of a variable or of its file, without the space around it."""
    value = os.environ.get(name, "").strip()
    file = os.environ.get(f"{name}_FILE", "").strip()
    if not file:
        return value
    if value:
        raise ValueError(f"is set, and so is {name}_FILE: unset one of the two.")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ValueError(
            f"cannot be read from {file} ({reason}): correct {name}_FILE or unset it."
        ) from None


def _given(default: Any, cast: Any) -> Any:
    """The default, of the type that the caller asked for."""
    if default is _MISSING:
        raise LookupError("Every variable has a default.")
    return default


def _parsed(text: str, cast: Any) -> Any:
    """The value that a text stands for. Raises `ValueError` with what to do.

    Not the text itself is told: it may be a secret in the wrong place.
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


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("is neither true nor false: set it to one of the two.")


def _number(text: str, kind: type[Any]) -> Any:
    what = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except ValueError:
        hint = ""
        if text.startswith("tcp://"):
            hint = " Kubernetes sets it so; enableServiceLinks: false stops that."
        raise ValueError(f"is not {what}: set it to one.{hint}") from None
    if not 0 <= value < math.inf:
        raise ValueError(f"is {value}: set it to {what} that is not negative.")
    return value


def _no_key(file: Path, error: OSError) -> str:
    return (
        f"is not set, and {file} cannot be used instead ({error.strerror}): set it, or "
        "let AGENTARIUM_DATA be a folder of the user that runs Agentarium."
    )


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
