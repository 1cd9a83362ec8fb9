"""What all measurements share: the fake provider, PostgreSQL and Redis.

Each is started when it is first used, and runs until the end of the lab.
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

# PostgreSQL's own defaults: a commit survives a power cut.
DURABLE: Mapping[str, str] = {}
# A database accepts only processes with the key that it was migrated with.
SECRET_KEY = "the-key-of-temporary-servers-0123456789-abcdefghij"  # noqa: S105


@dataclass(slots=True)
class LabOptions:
    """Options of the command line that affect how systems run."""

    profile: Path | None = None
    is_held: bool = False


@dataclass
class Lab:
    """The shared servers; use it as `with Lab(options) as lab:`."""

    options: LabOptions = field(default_factory=LabOptions)

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
        with urllib.request.urlopen(f"{self.provider}/__stats") as response:  # noqa: S310
            stats: dict[str, int] = json.load(response)
            return stats

    # --- PostgreSQL and Redis -----------------------------------------------------

    @cached_property
    def _folder(self) -> Path:
        return self._stack.enter_context(services.shared_folder())

    @cached_property
    def _postgresql(self) -> tuple[int, int]:
        """Its pid and its port."""
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
        """Empty the broker, and return its URL."""
        url = f"redis://127.0.0.1:{self._redis[1]}/0"
        with redis.Redis.from_url(url) as connection:
            connection.flushall()
        return url

    def new_database(self) -> str:
        """Create a database with all of our tables and no rows; returns its URL."""
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
                "AGENTARIUM_SECRET_KEY": SECRET_KEY,
                "DATABASE_URL": self._database_url(services.ROLE),
            }
            processes.run(("agentarium.cli", "migrate"), settings)
        return services.ROLE

    @property
    def postgresql_url(self) -> str:
        return f"postgres://{services.ROLE}@127.0.0.1:{self._postgresql[1]}"

    def _database_url(self, name: str) -> str:
        return f"{self.postgresql_url}/{name}"

    # --- Systems under measurement ------------------------------------------------

    def show(self, name: str, parts: Mapping[str, int]) -> None:
        pids = ", ".join(f"{part} {pid}" for part, pid in parts.items())
        print(f"  {name}: {pids}", file=sys.stderr)

    def hold(self, name: str, url: str) -> None:
        if self.options.is_held:
            input(f"  {name} runs at {url}. Press Enter to stop it. ")
