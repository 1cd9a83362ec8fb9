"""One semantics on two databases: how each has to be opened for it."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from agentarium.core.addresses import split_url

# Of `prepare_threshold`, in the URL: for a pooler that hands the server's connections
# around between transactions, and does not know what was prepared on which.
NEVER = "never"


POSTGRESQL = ("postgres", "postgresql", "pgsql")
EXAMPLE = "postgres://user:password@host:5432/name"


def database_url(url: str) -> str:
    """`url`, if a database of ours can be at it.

    Raises `ValueError` with the rest of a sentence that begins with the variable.
    """
    parts = split_url(url, schemes=(*POSTGRESQL, "sqlite"), example=EXAMPLE)
    if parts.scheme == "sqlite":
        _refuse_strange_file(url)
    elif not parts.path.strip("/"):
        raise ValueError(f"names no database: write it like {EXAMPLE}.")
    return url


def _refuse_strange_file(url: str) -> None:
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
        # Tests use threads, and so a file: in memory, threads lock each other out.
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
        # FULL: a commit that a client has seen survives a power cut too.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000;"
        ),
    },
}
_POSTGRESQL: dict[str, Any] = {
    "ENGINE": "agentarium.db.backends.postgresql",
    "CONN_MAX_AGE": 0,
    "OPTIONS": {
        # Connections are handed from thread to thread, so that idle threads hold none.
        "pool": {
            "min_size": 1,
            "max_size": 24,
            "timeout": 10,
            # Then it begins anew. It doubles the pauses between its attempts, and
            # would come back long after a database that was away for long.
            "reconnect_timeout": 3,
        },
        # A connection whose other end is gone without a word is noticed in seconds.
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        # What a connection was asked so often is prepared (`db/prepared_statements.py`).
        "prepare_threshold": 5,
    },
}
