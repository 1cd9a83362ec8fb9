"""What every measurement stands on: the provider, the services, a process for the load.

They are started once, when first asked for, and outlive what is measured with them.
"""

import json
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Self

import psycopg
import redis

from bench import processes
from scripts import services

# PostgreSQL as it comes: what it has committed survives a power cut.
DURABLE: Mapping[str, str] = {}


@dataclass(slots=True)
class Wishes:
    """What the person at the command line wants beside figures."""

    profile: Path | None = None
    is_held: bool = False


@dataclass
class Lab:
    """`with Lab(wishes) as lab:`."""

    wishes: Wishes = field(default_factory=Wishes)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # --- The provider -------------------------------------------------------------

    @cached_property
    def provider(self) -> str:
        port = processes.free_port()
        command = ("bench.fake_provider", "--port", str(port))
        self._stack.enter_context(processes.program(command, {}))
        url = f"http://127.0.0.1:{port}"
        processes.wait_until_healthy(url, "/v1/models")
        return url

    def reset_provider(self) -> None:
        request = urllib.request.Request(f"{self.provider}/__reset", method="POST")  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310

    def provider_stats(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.provider}/__stats") as answer:  # noqa: S310
            stats: dict[str, int] = json.load(answer)
            return stats

    # --- PostgreSQL and Redis -----------------------------------------------------

    @cached_property
    def _folder(self) -> Path:
        return self._stack.enter_context(services.shared_folder())

    @cached_property
    def _postgresql(self) -> tuple[int, int]:
        """Its process and its port."""
        port = processes.free_port()
        account = services.unprivileged_account()
        server = services.postgresql(self._folder, port, account, durability=DURABLE)
        return self._stack.enter_context(server), port

    @cached_property
    def _redis(self) -> tuple[int, int]:
        port = processes.free_port()
        server = services.redis(self._folder, port, services.unprivileged_account())
        return self._stack.enter_context(server), port

    @property
    def postgresql_pid(self) -> int:
        return self._postgresql[0]

    @property
    def redis_pid(self) -> int:
        return self._redis[0]

    def new_redis(self) -> str:
        """The URL of the broker, with nothing in it."""
        url = f"redis://127.0.0.1:{self._redis[1]}/0"
        with redis.Redis.from_url(url) as connection:
            connection.flushall()
        return url

    def new_database(self) -> str:
        """The URL of a database with all of our tables and no rows."""
        return self._create_database(template=self._migrated_database)

    def new_empty_database(self) -> str:
        return self._create_database(template="template1")

    def _create_database(self, *, template: str) -> str:
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self._database_url("postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._database_url(name)

    @cached_property
    def _migrated_database(self) -> str:
        with tempfile.TemporaryDirectory() as data:
            settings = {
                "AGENTARIUM_DATA": data,
                "DATABASE_URL": self._database_url(services.ROLE),
            }
            processes.run(("agentarium.cli", "migrate"), settings)
        return services.ROLE

    @property
    def postgresql_url(self) -> str:
        return f"postgres://{services.ROLE}@127.0.0.1:{self._postgresql[1]}"

    def _database_url(self, name: str) -> str:
        return f"{self.postgresql_url}/{name}"

    # --- What is measured ---------------------------------------------------------

    def show(self, name: str, parts: Mapping[str, int]) -> None:
        pids = ", ".join(f"{part} {pid}" for part, pid in parts.items())
        print(f"  {name}: {pids}", file=sys.stderr)

    def hold(self, name: str, url: str) -> None:
        if self.wishes.is_held:
            input(f"  {name} is at {url}; Enter ends it. ")
