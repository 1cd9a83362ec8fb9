"""What a process looks at before it serves or works; `agentarium doctor` reports it.

`start_on_database` and its parts are for a process that starts: a failed check ends it
with one sentence; a warning is printed, and the process goes on.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import structlog
from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Tags
from django.core.checks.registry import registry
from django.db import connection

from agentarium.cli.database import migrations
from agentarium.cli.database.availability import once_it_answers
from agentarium.cli.terminal import FAILED, MISUSED, joined, say
from agentarium.core.secret_key import (
    KeyMatch,
    count_unreadable_rows,
    match_secret_key,
    replace_check,
    store_first_check,
)

log = structlog.get_logger(__name__)

State = Literal["ok", "warn", "fail"]
FOLDER_MODE = 0o700
KEY_MODE = 0o600
KEY_ADVICE = (
    "Set AGENTARIUM_SECRET_KEY to the key of the other nodes; if you changed it on "
    "purpose, put the former one into AGENTARIUM_SECRET_KEY_FALLBACKS and run "
    "`agentarium reseal`."
)


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, and what to do about it, which begins with a verb."""

    name: str
    state: State
    detail: str
    advice: str = ""

    @property
    def sentence(self) -> str:
        return joined(self.detail, self.advice)


# --- At start --------------------------------------------------------------------


def start_with_settings() -> None:
    """Refuse settings that would fail later. Makes the data folder private."""
    make_private()
    _obey(settings_checks(), MISUSED)


def start_with_key() -> None:
    """Refuse a database of another secret key, once its tables are up to date."""
    once_it_answers(_keep_key_check)
    _obey([once_it_answers(stored_key)], FAILED)


def start_on_database() -> None:
    """All of it, for a process that changes no tables; waits for the database."""
    start_with_settings()
    migrations.refuse_other(migrations.await_state())
    start_with_key()


def make_private() -> None:
    """Take from others what they may do with the data folder and the key in it."""
    for path, mode in _exposed():
        if _is_ours_alone(path):
            path.chmod(mode)
            log.warning("data.made_private", path=str(path), mode=f"{mode:o}")


def _obey(checks: Iterable[Check], code: int) -> None:
    found = [check for check in checks if check.state != "ok"]
    for check in found:
        say(check.sentence, style="red" if check.state == "fail" else "yellow")
    if any(check.state == "fail" for check in found):
        raise SystemExit(code)


def _keep_key_check() -> None:
    """Store the check value where that is safe: of the first key, and of its heirs."""
    match = match_secret_key()
    if match is KeyMatch.FORMER:
        replace_check()
        log.warning("secret_key.changed", advice="run `agentarium reseal`")
    elif match is KeyMatch.UNKNOWN and not count_unreadable_rows():
        store_first_check()


# --- The settings ----------------------------------------------------------------


def settings_checks(*, are_routes_wanted: bool = False) -> Iterator[Check]:
    """Everything that can be seen without the database."""
    yield from _unknown_variables()
    yield from _system_checks(without="" if are_routes_wanted else Tags.urls)
    yield from _privacy()
    yield from _own_key()


def _unknown_variables() -> Iterator[Check]:
    for name, nearest in settings.UNKNOWN_VARIABLES.items():
        advice = f"Did you mean {nearest}?" if nearest else "Remove it."
        yield Check("settings", "warn", f"{name} is not known and does nothing", advice)


def _system_checks(*, without: str) -> Iterator[Check]:
    """Django's own checks and those of our apps.

    The ones about routes import every view, which takes a second of a start.
    """
    found: list[CheckMessage] = []
    for check in registry.get_checks():
        tags: Any = getattr(check, "tags", ())
        if not (without and without in tags):
            found += check(app_configs=None, databases=None)
    for message in found:
        if message.is_silenced() or message.level < WARNING:
            continue
        state: State = "fail" if message.is_serious() else "warn"
        text = " ".join(str(message.msg).split())
        yield Check("settings", state, text.rstrip("."), str(message.hint or ""))


def _privacy() -> Iterator[Check]:
    for path, mode in _exposed():
        yield Check(
            "privacy",
            "warn",
            f"{path} can be read by other users of this machine",
            f"Run `chmod {mode:o} {path}`.",
        )


def _exposed() -> Iterator[tuple[Path, int]]:
    for path, mode in (
        (settings.DATA, FOLDER_MODE),
        (settings.SECRET_KEY_FILE, KEY_MODE),
    ):
        try:
            found = path.stat()
        except OSError:
            # What is not there has a check of its own.
            continue
        # Where it belongs to another user, we have got in as one of its group.
        others = 0o077 if found.st_uid == os.geteuid() else 0o007
        if stat.S_IMODE(found.st_mode) & others:
            yield path, mode


def _is_ours_alone(path: Path) -> bool:
    """Whether its mode may be changed: /tmp and / are shared on purpose."""
    found = path.stat()
    is_shared = bool(found.st_mode & stat.S_ISVTX) or path == path.parent
    return found.st_uid == os.geteuid() and not is_shared


def _own_key() -> Iterator[Check]:
    if settings.IS_SECRET_KEY_OWN and is_shared_database():
        yield Check(
            "secret key",
            "warn",
            f"AGENTARIUM_SECRET_KEY is not set, and {settings.SECRET_KEY_FILE} is known "
            "to this node only",
            "Set it on every node to the text of that file.",
        )


def is_shared_database() -> bool:
    """Whether other machines may use it as well."""
    return bool(connection.vendor == "postgresql")


# --- The database ----------------------------------------------------------------


def database_checks() -> Iterator[Check]:
    """Whether the tables fit this version, and then the secret key."""
    state = migrations.read_state()
    if refusal := migrations.refusal(state):
        yield Check("tables", "fail", *refusal)
        return
    yield Check("tables", "ok", "up to date")
    yield stored_key()


def stored_key() -> Check:
    match = match_secret_key()
    unreadable = count_unreadable_rows()
    if match is KeyMatch.FOREIGN:
        detail = "The secret key is not the one that this database was written with"
        return Check("stored key", "fail", detail, KEY_ADVICE)
    if match is KeyMatch.UNKNOWN and unreadable:
        detail = f"The secret key does not open {unreadable} of the stored secrets"
        return Check("stored key", "fail", detail, KEY_ADVICE)
    if unreadable:
        detail = f"{unreadable} stored secrets cannot be opened with the secret key"
        advice = (
            "Put the former key into AGENTARIUM_SECRET_KEY_FALLBACKS and run "
            "`agentarium reseal`, or enter them again."
        )
        return Check("stored key", "warn", detail, advice)
    return Check("stored key", "ok", "opens what is stored")
