"""Load the settings and Django for a command."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agentarium.cli.serving.garbage_collection import relax_collection
from agentarium.cli.terminal import MISUSED, fail, with_advice

if TYPE_CHECKING:
    from agentarium.core.exceptions import DomainError

# Optional dependencies of REST framework that we do not use.
_UNUSED_MODULES = ("requests", "coreapi", "coreschema", "guardian", "markdown")


def read_environment_file() -> None:
    """Load `.env` from the current folder; variables that are already set win."""
    file = Path(".env")
    if file.is_file():
        import environ

        try:
            environ.Env.read_env(file)
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{file.absolute()} cannot be read ({error}): fix it.", MISUSED)


def read_settings() -> None:
    """Read the settings, without loading the rest of Django."""
    relax_collection()
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")
    try:
        _ = settings.DATA
    except (ImproperlyConfigured, OSError) as error:
        # A wrong value ends the process in the settings module, with a sentence.
        fail(f"The settings cannot be used: {error}", MISUSED)


def set_up_django() -> None:
    """Load the apps, and the Celery application if there is a broker."""
    import django
    from django.conf import settings

    with _hidden(*_UNUSED_MODULES, "psycopg" if _is_sqlite() else ""):
        import rest_framework.compat  # noqa: F401 - it probes for optional modules
    django.setup()
    if settings.BROKER_URL:
        from django.utils.module_loading import import_string

        import_string("agentarium.config.celery.app")


def _is_sqlite() -> bool:
    from django.conf import settings

    return str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")


@contextmanager
def _hidden(*modules: str) -> Iterator[None]:
    """Make optional modules that are not loaded yet look as if not installed.

    REST framework imports all that it finds, for features that we do not use. That
    takes a tenth of the start-up time.
    """
    hidden = [name for name in modules if name and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def project(*, is_quiet: bool = True, needs_database: bool = True) -> Iterator[None]:
    """Set up what a command needs, and report its failures in one sentence.

    `is_quiet` is for commands that print a result and exit: the log is limited to
    warnings, and a command that needs the database fails immediately if the database
    cannot be reached.
    """
    read_settings()
    set_up_django()
    root = logging.getLogger()
    level = root.level
    if is_quiet:
        root.setLevel(max(level, logging.WARNING))
    try:
        with report_failures():
            if is_quiet and needs_database:
                from agentarium.cli.database.availability import require_connection

                require_connection()
            yield
    finally:
        root.setLevel(level)


@contextmanager
def report_failures() -> Iterator[None]:
    """Exit with one sentence on an error of the domain or the database."""
    from django.db import DatabaseError, InterfaceError

    from agentarium.core.exceptions import DomainError

    try:
        yield
    except DomainError as error:
        fail(_domain_sentence(error))
    except (DatabaseError, InterfaceError) as error:
        fail(_database_sentence(error))


def _domain_sentence(error: "DomainError") -> str:
    fields = [
        f"{name}: {field_error.detail}"
        for name, field_errors in (error.errors or {}).items()
        for field_error in field_errors
    ]
    return " ".join(fields) or error.detail


def _database_sentence(error: Exception) -> str:
    from django.db import DatabaseError, InterfaceError

    from agentarium.cli.database.availability import (
        connection_failure,
        sqlite_file_problem,
    )
    from agentarium.cli.database.migrations import read_state

    if failure := connection_failure():
        return str(failure)
    if problem := sqlite_file_problem(error):
        return with_advice(*problem)
    text = " ".join(str(error).split()) or type(error).__name__
    try:
        is_behind = bool(read_state().missing)
    except (DatabaseError, InterfaceError):
        return f"The database cannot be reached: {text}"
    if is_behind:
        return "The database is not up to date: run `agentarium migrate`."
    return f"The database reported an error: {text}"
