"""Connection settings with which both databases behave the same."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ

from agentarium.core.url_validation import split_url

# The value of `prepare_threshold` in the URL for a pooler that assigns server connections
# by transaction, without tracking their prepared statements.
NEVER = "never"
POSTGRESQL = ("postgres", "postgresql", "pgsql")
EXAMPLE = "postgres://user:password@host:5432/name"
# PostgreSQL truncates longer names.
MAX_NAME_CHARS = 63


def database_url(url: str) -> str:
    """Check a database URL, and return it.

    Raises `ValueError` with the rest of a sentence that begins with the variable's name.
    """
    parts = split_url(url, schemes=(*POSTGRESQL, "sqlite"), example=EXAMPLE)
    if parts.scheme == "sqlite":
        _check_file(url)
    elif not parts.path.strip("/"):
        raise ValueError(f"names no database: write it like {EXAMPLE}.")
    elif len(unquote(parts.path.strip("/"))) > MAX_NAME_CHARS:
        raise ValueError(
            f"has a database name of more than {MAX_NAME_CHARS} characters: correct it."
        )
    return url


def _check_file(url: str) -> None:
    if urlsplit(url).netloc or not urlsplit(url).path.strip("/"):
        raise ValueError(
            "names no file: write it like sqlite:////folder/agentarium.sqlite3."
        )
    file = Path(environ.Env.db_url_config(url)["NAME"])
    if file.is_dir():
        raise ValueError(f"names a folder ({file}): add the name of a file in it.")
    if not file.parent.is_dir():
        raise ValueError(
            f"names a file in {file.parent}, which is not a folder: create it, or "
            "correct the path (an absolute one follows four slashes)."
        )


def database(url: str, default_file: Path) -> dict[str, Any]:
    """Django's settings for the database at `url`, or for the SQLite file."""
    settings: dict[str, Any] = environ.Env.db_url_config(
        url or f"sqlite:///{default_file}"
    )
    if settings["ENGINE"].endswith("sqlite3"):
        # A file, because tests use threads, which an in-memory database would lock.
        test = {"TEST": {"NAME": str(default_file.with_name("test.sqlite3"))}}
        return settings | _SQLITE | test
    options = _POSTGRESQL["OPTIONS"] | settings.get("OPTIONS", {})
    if options["prepare_threshold"] == NEVER:
        options["prepare_threshold"] = None
    return settings | _POSTGRESQL | {"OPTIONS": options}


_SQLITE: dict[str, Any] = {
    "ENGINE": "agentarium.db.backends.sqlite3",
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        # A transaction that reads first and writes later could not be retried.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: a commit that a client has seen also survives a power failure.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000;"
            # As `MAX_WAL_BYTES` in db/wal.py.
            "PRAGMA journal_size_limit=16777216;"
        ),
    },
}
_POSTGRESQL: dict[str, Any] = {
    "ENGINE": "agentarium.db.backends.postgresql",
    "CONN_MAX_AGE": 0,
    "OPTIONS": {
        # Threads share connections through a pool, so that idle threads hold none.
        "pool": {
            "min_size": 1,
            "max_size": 24,
            "timeout": 10,
            # Then it starts over. It doubles the delay after each attempt, and would
            # otherwise reconnect long after a long outage has ended.
            "reconnect_timeout": 3,
        },
        # Notice within seconds that the server has disappeared without closing.
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        # A statement that ran this often is prepared (`db/prepared_statements.py`).
        "prepare_threshold": 5,
    },
}
