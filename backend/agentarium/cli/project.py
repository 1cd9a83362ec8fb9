"""Bringing up the settings and Django for a command."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agentarium.cli.serving.garbage_collection import expect_loading
from agentarium.cli.terminal import MISUSED, fail, joined

if TYPE_CHECKING:
    from agentarium.core.exceptions import DomainError

_NEEDLESS = ("requests", "coreapi", "coreschema", "guardian", "markdown")


def read_environment_file() -> None:
    """Take over `.env` of the current folder; what the environment says wins."""
    file = Path(".env")
    if file.is_file():
        import environ

        try:
            environ.Env.read_env(file)
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{file.absolute()} cannot be read ({error}): correct it.", MISUSED)


def read_settings() -> None:
    """Read the settings, and no more of Django."""
    expect_loading()
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")
    try:
        _ = settings.DATA
    except (ImproperlyConfigured, OSError) as error:
        # The settings themselves say what is wrong, and end the process.
        fail(f"The settings cannot be used: {error}", MISUSED)


def set_up_django() -> None:
    """Load the apps, and the Celery application where there is a broker."""
    import django
    from django.conf import settings

    with _unseen(*_NEEDLESS, "psycopg" if _is_sqlite() else ""):
        import rest_framework.compat  # noqa: F401 - imported for its search
    django.setup()
    if settings.BROKER_URL:
        from django.utils.module_loading import import_string

        import_string("agentarium.config.celery.app")


def _is_sqlite() -> bool:
    from django.conf import settings

    return str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")


@contextmanager
def _unseen(*modules: str) -> Iterator[None]:
    """Have optional libraries that nobody has loaded yet look as if not installed.

    REST framework loads whatever it finds, for features that we do not use; that is
    a tenth of a start.
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
    """All that a command needs; what can go wrong with it is told in one sentence.

    `is_quiet` keeps the log to warnings, for commands that answer and end: they end at
    once, too, if they need the database and it cannot be reached.
    """
    read_settings()
    set_up_django()
    root = logging.getLogger()
    level = root.level
    if is_quiet:
        root.setLevel(max(level, logging.WARNING))
    try:
        with told():
            if is_quiet and needs_database:
                from agentarium.cli.database.availability import refuse_unreachable

                refuse_unreachable()
            yield
    finally:
        root.setLevel(level)


@contextmanager
def told() -> Iterator[None]:
    """Say failures of the domain and of the database in one sentence."""
    from django.db import DatabaseError, InterfaceError

    from agentarium.core.exceptions import DomainError

    try:
        yield
    except DomainError as error:
        fail(_sentence(error))
    except (DatabaseError, InterfaceError) as error:
        fail(_about_database(error))


def _sentence(error: "DomainError") -> str:
    fields = [
        f"{name}: {each.detail}"
        for name, found in (error.errors or {}).items()
        for each in found
    ]
    return " ".join(fields) or error.detail


def _about_database(error: Exception) -> str:
    from django.db import DatabaseError, InterfaceError

    from agentarium.cli.database.availability import obstacle, refused_file
    from agentarium.cli.database.migrations import read_state

    if found := obstacle():
        return str(found)
    if refused := refused_file(error):
        return joined(*refused)
    text = " ".join(str(error).split()) or type(error).__name__
    try:
        is_behind = bool(read_state().missing)
    except (DatabaseError, InterfaceError):
        return f"The database cannot be reached: {text}"
    if is_behind:
        return "The database is not up to date: run `agentarium migrate`."
    return f"The database refused: {text}"
