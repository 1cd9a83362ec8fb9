"""The checks that every process makes when it starts; `agentarium doctor` reports them.

The `enforce_...` functions are for a process that starts: a failed check ends it with
one sentence, and a warning is printed.
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
from agentarium.cli.database.availability import retry_until_reachable
from agentarium.cli.terminal import FAILED, MISUSED, say, with_advice
from agentarium.core.secret_key import (
    KeyMatch,
    count_unreadable_rows,
    match_secret_key,
    replace_check,
    store_first_check,
)
from agentarium.server.connections.descriptors import (
    LOW_LIMIT_ADVICE,
    low_limit,
    raise_limit,
)

log = structlog.get_logger(__name__)

State = Literal["ok", "warn", "fail"]
FOLDER_MODE = 0o700
KEY_MODE = 0o600
KEY_ADVICE = (
    "Set AGENTARIUM_SECRET_KEY to the key of the other nodes; if you changed it on "
    "purpose, add the former key to AGENTARIUM_SECRET_KEY_FALLBACKS and run "
    "`agentarium reseal`."
)


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, and what to do about it. The advice begins with a verb."""

    name: str
    state: State
    detail: str
    advice: str = ""

    @property
    def sentence(self) -> str:
        return with_advice(self.detail, self.advice)


# --- At start --------------------------------------------------------------------


def enforce_settings() -> None:
    """Refuse settings that would fail later, and make the data folder private.

    Also lets this process open as many files as it may.
    """
    raise_limit()
    make_private()
    _enforce(settings_checks(), MISUSED)


def enforce_secret_key() -> None:
    """Refuse a database that uses another secret key. Its tables must be up to date."""
    retry_until_reachable(_store_key_check)
    _enforce([retry_until_reachable(stored_key)], FAILED)


def enforce_start_checks() -> None:
    """Make all checks, for a process that does not migrate; waits for the database."""
    enforce_settings()
    migrations.refuse_other(migrations.wait_for_state())
    enforce_secret_key()


def make_private() -> None:
    """Remove other users' access to the data folder and to the key in it."""
    for path, mode in _exposed():
        if _is_ours_alone(path):
            path.chmod(mode)
            log.warning("data.made_private", path=str(path), mode=f"{mode:o}")


def _enforce(checks: Iterable[Check], code: int) -> None:
    found = [check for check in checks if check.state != "ok"]
    for check in found:
        say(check.sentence, style="red" if check.state == "fail" else "yellow")
    if any(check.state == "fail" for check in found):
        raise SystemExit(code)


def _store_key_check() -> None:
    """Store the key's check value if it is the first key, or a former key matches."""
    match = match_secret_key()
    if match is KeyMatch.FORMER:
        replace_check()
        log.warning("secret_key.changed", advice="run `agentarium reseal`")
    elif match is KeyMatch.UNKNOWN and not count_unreadable_rows():
        store_first_check()


# --- The settings ----------------------------------------------------------------


def settings_checks(*, includes_url_checks: bool = False) -> Iterator[Check]:
    """The checks that need no database."""
    yield from _unknown_variables()
    yield from _system_checks(without="" if includes_url_checks else Tags.urls)
    yield from _privacy()
    yield from _own_key()
    yield from _open_files()


def _unknown_variables() -> Iterator[Check]:
    for name, nearest in settings.UNKNOWN_VARIABLES.items():
        advice = f"Did you mean {nearest}?" if nearest else "Remove it."
        detail = f"{name} is not a known setting and has no effect"
        yield Check("settings", "warn", detail, advice)


def _system_checks(*, without: str) -> Iterator[Check]:
    """Django's own checks and those of our apps, except those with the tag `without`.

    The checks of URLs import every view, which adds a second to a start.
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
            # Another check reports a missing path.
            continue
        # If another user owns it, we may have access through its group.
        others = 0o077 if found.st_uid == os.geteuid() else 0o007
        if stat.S_IMODE(found.st_mode) & others:
            yield path, mode


def _is_ours_alone(path: Path) -> bool:
    """Whether we may change its mode: /tmp and / are shared on purpose."""
    found = path.stat()
    is_shared = bool(found.st_mode & stat.S_ISVTX) or path == path.parent
    return found.st_uid == os.geteuid() and not is_shared


def _own_key() -> Iterator[Check]:
    if settings.IS_SECRET_KEY_OWN and is_shared_database():
        yield Check(
            "secret key",
            "warn",
            "AGENTARIUM_SECRET_KEY is not set, and only this node has the key in "
            f"{settings.SECRET_KEY_FILE}",
            "Set it on every node to the content of that file.",
        )


def is_shared_database() -> bool:
    """Whether other machines can use the same database."""
    return bool(connection.vendor == "postgresql")


def _open_files() -> Iterator[Check]:
    if detail := low_limit():
        yield Check("open files", "warn", detail, LOW_LIMIT_ADVICE)


# --- The database ----------------------------------------------------------------


def database_checks() -> Iterator[Check]:
    """Check whether the tables match this version, and then the secret key."""
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
        detail = f"The secret key cannot decrypt {unreadable} stored secrets"
        return Check("stored key", "fail", detail, KEY_ADVICE)
    if unreadable:
        detail = f"{unreadable} stored secrets cannot be decrypted with the secret key"
        advice = (
            "Add the former key to AGENTARIUM_SECRET_KEY_FALLBACKS and run "
            "`agentarium reseal`, or enter the secrets again."
        )
        return Check("stored key", "warn", detail, advice)
    return Check("stored key", "ok", "matches the stored secrets")
