"""Another way to the test's PostgreSQL, such as through a proxy or a pooler."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections


@contextmanager
def database_at(port: int) -> Iterator[None]:
    """Connect all threads through this port of 127.0.0.1, with a new pool."""
    settings = connection.settings_dict
    before = {name: settings[name] for name in ("HOST", "PORT")}
    _start_over(HOST="127.0.0.1", PORT=port)
    try:
        yield
    finally:
        _start_over(**before)


def _start_over(**settings: object) -> None:
    connections.close_all()
    own: Any = connection
    own.close_pool()
    connection.settings_dict.update(settings)
