"""The checks of `agentarium doctor`, one for each dependency."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from agentarium.cli.database.availability import connection_failure, sqlite_file_problem
from agentarium.cli.diagnosis.start_checks import (
    Check,
    database_checks,
    settings_checks,
)
from agentarium.db import clock
from agentarium.db.pooler import ADVICE as POOLER_ADVICE
from agentarium.db.pooler import Pooler, pooler
from agentarium.http.request_scheme import missing_proxy_setting
from agentarium.providers.access import check_providers
from agentarium.providers.services import provider_configs
from agentarium.runtime.providers import PROVIDERS, ProviderSpec
from agentarium.runtime.providers.registry import why_unavailable
from agentarium.server.connections.descriptors import raise_limit
from agentarium.tasks.models import Worker

MEGABYTE = 1_000_000
LOW_DISK = 1_000 * MEGABYTE
FULL_DISK = 100 * MEGABYTE
NEEDED_PYTHON = (3, 11)
PROBE_SECONDS = 2


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
            yield Check("data folder", "ok", f"{folder} is writable")
    except OSError as error:
        advice = "Make it writable for the user that runs Agentarium, or set AGENTARIUM_DATA."
        yield Check("data folder", "fail", f"{folder}: {error.strerror}", advice)


def disk() -> Iterator[Check]:
    free = shutil.disk_usage(settings.DATA).free
    detail = f"{free / MEGABYTE:,.0f} MB are free"
    if free < FULL_DISK:
        yield Check("disk", "fail", detail, "Free space now: writes will fail soon.")
    elif free < LOW_DISK:
        yield Check("disk", "warn", detail, "Free space before it runs out.")
    else:
        yield Check("disk", "ok", detail)


def secret_key() -> Iterator[Check]:
    if settings.IS_SECRET_KEY_OWN:
        detail = f"in {settings.SECRET_KEY_FILE}: back it up with the database"
        yield Check("secret key", "ok", detail)
    else:
        yield Check("secret key", "ok", "from the environment")


def settings_and_privacy() -> Iterator[Check]:
    """The checks that every start makes before it uses the database."""
    raise_limit()
    found = [*settings_checks(includes_url_checks=True)]
    if not any(check.name == "settings" for check in found):
        yield Check("settings", "ok", "valid")
    yield from found


def address() -> Iterator[Check]:
    if advice := missing_proxy_setting():
        detail = f"{settings.PUBLIC_URL}, without a trusted proxy"
        yield Check("address", "warn", detail, advice)
    else:
        yield Check("address", "ok", settings.PUBLIC_URL)


def database() -> Iterator[Check]:
    advice = "Start it, or correct DATABASE_URL."
    if failure := connection_failure():
        yield Check("database", "fail", str(failure), advice)
        return
    try:
        connection.ensure_connection()
        yield Check("database", "ok", f"{connection.display_name} answers")
        yield from _pooler()
        yield from database_checks()
        if connection.vendor == "sqlite":
            yield _journal_mode()
        yield machine_clock()
    except (DatabaseError, InterfaceError) as error:
        message = " ".join(str(error).split())
        yield Check(
            "database", "fail", *(sqlite_file_problem(error) or (message, advice))
        )


def _pooler() -> Iterator[Check]:
    """What the connection, which has just been made, has found out."""
    if pooler() is Pooler.FORGETFUL:
        detail = "shares sessions, and forgets prepared statements: none are used"
        yield Check("pooler", "warn", detail, POOLER_ADVICE)
    elif pooler() is Pooler.SHARING:
        yield Check("pooler", "ok", "shares sessions")


def _journal_mode() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
    if mode == "wal":
        return Check("journal", "ok", "write-ahead log")
    advice = "Put the data folder on a local disk."
    return Check("journal", "warn", f"{mode} instead of a write-ahead log", advice)


def machine_clock() -> Check:
    """Compare this machine's clock with the database's, by which everything is decided."""
    clock.measure()
    offset = clock.CLOCK.machine_offset()
    detail = f"{offset:+,.1f} s from the database's clock"
    if clock.is_wrong(offset):
        advice = "Synchronize the clocks of both machines (NTP)."
        return Check("clock", "warn", detail, advice)
    return Check("clock", "ok", detail)


def page() -> Iterator[Check]:
    if (settings.PAGE_ROOT / "index.html").is_file():
        yield Check("page", "ok", "built")
    else:
        advice = "Run `make page`. The API works without it."
        yield Check("page", "warn", "not built", advice)


def broker() -> Iterator[Check]:
    if not settings.BROKER_URL:
        yield Check("broker", "ok", "not needed: the server runs the tasks itself")
        return
    from kombu import Connection
    from kombu.exceptions import OperationalError

    options = {"socket_timeout": PROBE_SECONDS, "socket_connect_timeout": PROBE_SECONDS}
    try:
        probe = Connection(
            settings.BROKER_URL,
            connect_timeout=PROBE_SECONDS,
            transport_options=options,
        )
    except TypeError as error:
        # An option in the URL that the client does not have.
        yield Check("broker", "fail", str(error), "Correct AGENTARIUM_BROKER_URL.")
        return
    try:
        with probe:
            probe.ensure_connection(max_retries=1, timeout=PROBE_SECONDS)
        yield Check("broker", "ok", f"{probe.as_uri()} answers")
    except (OperationalError, OSError) as error:
        detail = f"{probe.as_uri()}: {error}"
        advice = (
            "Start it, or correct AGENTARIUM_BROKER_URL. Until then workers poll, and "
            "tasks start up to a second later."
        )
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
    # A TypeError is an option in the URL that the client does not have.
    except (RedisError, OSError, TypeError) as error:
        advice = "Start it, or correct AGENTARIUM_REDIS_URL."
        yield Check("redis", "fail", str(error), advice)


def workers() -> Iterator[Check]:
    # The check of the database reports a failure.
    if connection_failure():
        return
    try:
        alive = list(Worker.objects.alive())
    except (DatabaseError, InterfaceError):
        return
    if alive:
        capacity = sum(worker.capacity for worker in alive)
        detail = f"{len(alive)} alive, with a capacity of {capacity} tasks"
        yield Check("workers", "ok", detail)
    else:
        command = "agentarium up" if settings.EMBEDDED else "agentarium worker"
        yield Check("workers", "warn", "none is alive", f"Start `{command}`.")


def builtin_model() -> Iterator[Check]:
    reason = why_unavailable(PROVIDERS["builtin"], provider_configs()["builtin"])
    if reason:
        yield Check("built-in model", "warn", "unavailable", reason)
    else:
        yield Check("built-in model", "ok", "available")


def providers() -> Iterator[Check]:
    """Send a request to each configured provider; a local one may need no key."""
    configs = provider_configs()
    specs = [
        spec
        for spec in PROVIDERS.values()
        if spec.api != "builtin"
        and (configs[spec.name].api_key or configs[spec.name].base_url)
    ]
    if not specs:
        advice = (
            "Set a key, such as OPENAI_API_KEY, to use more than the built-in model."
        )
        yield Check("providers", "warn", "none is configured", advice)
    refusals = check_providers(specs, configs)
    for spec in specs:
        if refusal := refusals[spec.name]:
            advice = f"Check {' and '.join(_variables(spec))}."
            yield Check(spec.title, "fail", refusal.rstrip("."), advice)
        else:
            yield Check(spec.title, "ok", "answers, and accepts the settings")


def _variables(spec: ProviderSpec) -> list[str]:
    return [name for name in (spec.key_variable, spec.url_variable) if name]


CHECKS: tuple[Callable[[], Iterator[Check]], ...] = (
    python,
    data_folder,
    disk,
    settings_and_privacy,
    secret_key,
    address,
    database,
    page,
    broker,
    redis,
    workers,
    builtin_model,
    providers,
)
