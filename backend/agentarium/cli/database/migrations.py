"""Whether the database's tables match this version, and migrating them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from agentarium.cli.database.availability import retry_until_reachable
from agentarium.cli.database.migration_lock import migration_lock
from agentarium.cli.terminal import fail, progress, with_advice

Name = tuple[str, str]

# Applied by versions from before the first release, whose tables have other columns.
BEFORE_RELEASE: Name = ("tasks", "0007_index_words")


@dataclass(frozen=True, slots=True)
class State:
    """Migrations by (app, name): those to apply, and applied ones we do not know."""

    missing: frozenset[Name]
    unknown: frozenset[Name]
    is_empty: bool


def read_state() -> State:
    """Compare the names of our migrations with those that were applied.

    Reading names costs milliseconds; loading all migrations would cost every start
    half a second.
    """
    ours = frozenset(
        (app.label, file.stem)
        for app in apps.get_app_configs()
        for file in (Path(app.path) / "migrations").glob("[!_]*.py")
    )
    applied = frozenset(MigrationRecorder(connection).applied_migrations())
    return State(ours - applied, applied - ours, is_empty=not applied)


def wait_for_state() -> State:
    """Read the state, waiting while the database is away or is being migrated."""
    return _with_lock_if_missing(
        partial(retry_until_reachable, read_state), lambda _: None
    )


def migrate(*, waits_for_database: bool = False) -> int:
    """Apply the missing migrations; returns their number.

    Processes that do this concurrently wait for each other. Refuses a database of a newer
    version.
    """
    read = (
        partial(retry_until_reachable, read_state) if waits_for_database else read_state
    )

    def apply(state: State) -> None:
        refuse_newer(state)
        if state.missing:
            _apply(state)

    return len(_with_lock_if_missing(read, apply).missing)


def _with_lock_if_missing(
    read: Callable[[], State], act: Callable[[State], None]
) -> State:
    """Read the state and act on it, alone if migrations are missing.

    On SQLite alone in any case, so that one process creates the file. On PostgreSQL the
    lock takes another connection, which nearly all starts do without.
    """
    if connection.vendor == "postgresql" and not (state := read()).missing:
        act(state)
        return state
    with migration_lock():
        state = read()
        act(state)
    return state


def refusal(state: State) -> tuple[str, str] | None:
    """Why this version cannot run on these tables, and what to do; None if it can."""
    return _unreleased(state) or _too_new(state) or _too_old(state)


def refuse_newer(state: State) -> None:
    _refuse(_unreleased(state) or _too_new(state))


def refuse_older(state: State) -> None:
    """Accept newer tables, for a process that keeps running during an upgrade."""
    _refuse(_unreleased(state) or _too_old(state))


def refuse_other(state: State) -> None:
    _refuse(refusal(state))


def _unreleased(state: State) -> tuple[str, str] | None:
    if BEFORE_RELEASE not in state.unknown:
        return None
    return (
        "This database was created before the first release, with tables that this "
        "version cannot read",
        "Use an empty database, or a different AGENTARIUM_DATA.",
    )


def _too_new(state: State) -> tuple[str, str] | None:
    if not state.unknown:
        return None
    newest = ".".join(max(state.unknown, key=lambda name: name[1]))
    return (
        "This database was written by a newer version of Agentarium "
        f"({newest} is not known here)",
        "Install that version, or use a different database.",
    )


def _too_old(state: State) -> tuple[str, str] | None:
    if not state.missing:
        return None
    return "The database is not up to date", "Run `agentarium migrate`."


def _refuse(refused: tuple[str, str] | None) -> None:
    if refused:
        fail(with_advice(*refused))


def _apply(state: State) -> None:
    title = "Creating the database" if state.is_empty else "Updating the database"
    with progress(title) as bar:
        step = bar.add_task(title, total=len(state.missing))

        class Counted(Migrate):
            def migration_progress_callback(
                self, action: str, migration: Any = None, fake: Any = None
            ) -> None:
                if action == "apply_success":
                    bar.advance(step)

        call_command(Counted(), interactive=False, verbosity=0)
