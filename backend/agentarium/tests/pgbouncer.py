"""The test's PostgreSQL behind PgBouncer, which `make test` installs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from agentarium.db import pooler
from agentarium.tests.database_address import database_at
from scripts import services


@contextmanager
def running_pgbouncer(pool_mode: str) -> Iterator[int]:
    """Run a PgBouncer with few connections to the server; yields its port."""
    (port,) = services.free_ports(1)
    with (
        services.shared_folder() as folder,
        services.pgbouncer(
            folder,
            port,
            services.unprivileged_account(),
            postgresql_port=int(connection.settings_dict["PORT"]),
            pool_mode=pool_mode,
            default_pool_size=5,
            max_client_conn=200,
        ),
    ):
        yield port


@contextmanager
def database_behind_pgbouncer(pool_mode: str) -> Iterator[None]:
    """Connect all threads through a PgBouncer, which is not known yet."""
    with (
        pytest.MonkeyPatch.context() as patch,
        running_pgbouncer(pool_mode) as port,
        database_at(port),
    ):
        patch.setattr(pooler, "_found", None)
        patch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", False)
        yield
