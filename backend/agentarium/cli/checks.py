"""What Agentarium stands on, each looked at by itself."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from agentarium.cli import migrations
from agentarium.cli.database import obstacle
from agentarium.providers.services import provider_configs
from agentarium.runtime.providers import PROVIDERS
from agentarium.runtime.providers.registry import why_unavailable
from agentarium.tasks.models import Worker

State = Literal["ok", "warn", "fail"]
MEGABYTE = 1_000_000
LITTLE_DISK = 1_000 * MEGABYTE
NO_DISK = 100 * MEGABYTE
NEEDED_PYTHON = (3, 11)
PROBE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, and what to do about it."""

    name: str
    state: State
    detail: str
    advice: str = ""


def all_checks() -> Iterator[Check]:
    for check in CHECKS:
        yield from check()


def python() -> Iterator[Check]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < NEEDED_PYTHON:
        yield Check("python", "fail", found, "Install Python 3.11 or newer.")
    else:
        yield Check("python", "ok", found)


def data_folder() -> Iterator[Check]:
    folder = str(settings.DATA)
    try:
        with tempfile.TemporaryFile(dir=folder):
            yield Check("data folder", "ok", f"{folder} can be written")
    except OSError as error:
        advice = "Give it to the user that runs Agentarium, or set AGENTARIUM_DATA."
        yield Check("data folder", "fail", f"{folder}: {error.strerror}", advice)


def disk() -> Iterator[Check]:
    free = shutil.disk_usage(settings.DATA).free
    detail = f"{free / MEGABYTE:,.0f} MB are free"
    if free < NO_DISK:
        yield Check("disk", "fail", detail, "Make room: nothing can be stored soon.")
    elif free < LITTLE_DISK:
        yield Check("disk", "warn", detail, "Make room before it runs out.")
    else:
        yield Check("disk", "ok", detail)


def secret_key() -> Iterator[Check]:
    file = settings.DATA / "secret_key"
    if os.environ.get("AGENTARIUM_SECRET_KEY") or not file.exists():
        yield Check("secret key", "ok", "from the environment")
    elif stat.S_IMODE(file.stat().st_mode) & 0o077:
        detail = f"{file} can be read by others"
        yield Check("secret key", "warn", detail, f"Run: chmod 600 {file}")
    else:
        yield Check("secret key", "ok", f"in {file}: back it up with the database")


def database() -> Iterator[Check]:
    advice = "Start it, or correct DATABASE_URL."
    if found := obstacle():
        yield Check("database", "fail", str(found), advice)
        return
    try:
        connection.ensure_connection()
        yield Check("database", "ok", f"{connection.display_name} answers")
        yield _tables()
        if connection.vendor == "sqlite":
            yield _journal()
    except (DatabaseError, InterfaceError) as error:
        yield Check("database", "fail", " ".join(str(error).split()), advice)


def _tables() -> Check:
    state = migrations.read_state()
    if state.unknown:
        detail = f"{len(state.unknown)} migrations are of a newer version"
        return Check("tables", "fail", detail, "Install the newer version.")
    if state.missing:
        detail = f"{len(state.missing)} migrations are missing"
        return Check("tables", "fail", detail, "Run `agentarium migrate`.")
    return Check("tables", "ok", "up to date")


def _journal() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
    if mode == "wal":
        return Check("journal", "ok", "write-ahead log")
    advice = "Put the data folder on a local disk."
    return Check("journal", "warn", f"{mode} instead of a write-ahead log", advice)


def page() -> Iterator[Check]:
    if (settings.PAGE_ROOT / "index.html").is_file():
        yield Check("page", "ok", "is built")
    else:
        advice = "Run `make page`; the API works without."
        yield Check("page", "warn", "is not built", advice)


def broker() -> Iterator[Check]:
    if not settings.BROKER_URL:
        yield Check("broker", "ok", "none is needed: one process does all")
        return
    from kombu import Connection
    from kombu.exceptions import OperationalError

    options = {"socket_timeout": PROBE_SECONDS, "socket_connect_timeout": PROBE_SECONDS}
    probe = Connection(
        settings.BROKER_URL, connect_timeout=PROBE_SECONDS, transport_options=options
    )
    try:
        with probe:
            probe.ensure_connection(max_retries=1, timeout=PROBE_SECONDS)
        yield Check("broker", "ok", f"{probe.as_uri()} answers")
    except (OperationalError, OSError) as error:
        detail = f"{probe.as_uri()}: {error}"
        advice = "Start it, or correct AGENTARIUM_BROKER_URL. Tasks run meanwhile, a second later."
        yield Check("broker", "warn", detail, advice)


def redis() -> Iterator[Check]:
    if not settings.REDIS_URL:
        return
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=PROBE_SECONDS,
            socket_connect_timeout=PROBE_SECONDS,
        ) as client:
            client.ping()
        yield Check("redis", "ok", "answers")
    except (RedisError, OSError) as error:
        advice = "Start it, or correct AGENTARIUM_REDIS_URL."
        yield Check("redis", "fail", str(error), advice)


def workers() -> Iterator[Check]:
    # What is wrong with the database has been said by its own check.
    if obstacle():
        return
    try:
        alive = list(Worker.objects.alive())
    except (DatabaseError, InterfaceError):
        return
    if alive:
        room = sum(worker.capacity for worker in alive)
        yield Check("workers", "ok", f"{len(alive)} alive, with room for {room} tasks")
    else:
        command = "agentarium up" if settings.EMBEDDED else "agentarium worker"
        yield Check("workers", "warn", "none is alive", f"Start `{command}`.")


def builtin_model() -> Iterator[Check]:
    reason = why_unavailable(PROVIDERS["builtin"], provider_configs()["builtin"])
    if reason:
        yield Check("built-in model", "warn", "unavailable", reason)
    else:
        yield Check("built-in model", "ok", "is there")


def providers() -> Iterator[Check]:
    """Those that somebody has set up; a local one may need no key."""
    configs = provider_configs()
    specs = [spec for name, spec in PROVIDERS.items() if name != "builtin"]
    usable = [
        spec.title
        for spec in specs
        if (configs[spec.name].api_key or configs[spec.name].base_url)
        and not why_unavailable(spec, configs[spec.name])
    ]
    if usable:
        yield Check("providers", "ok", f"{', '.join(usable)} can be called")
    else:
        advice = (
            "Set a key, such as OPENAI_API_KEY, to use more than the built-in model."
        )
        yield Check("providers", "warn", "no keys", advice)


CHECKS: tuple[Callable[[], Iterator[Check]], ...] = (
    python,
    data_folder,
    disk,
    secret_key,
    database,
    page,
    broker,
    redis,
    workers,
    builtin_model,
    providers,
)
