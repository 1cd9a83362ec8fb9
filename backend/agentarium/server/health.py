"""What liveness and readiness probes are told, and the checks behind it.

`Site` answers the probes on the event loop, with `Probes`; the views are for servers
without it.
"""

import asyncio
import concurrent.futures
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from agentarium.core.models import SecretKeyCheck
from agentarium.core.outages import uses_out_of_order
from agentarium.db import clock
from agentarium.observability.background import repeat_on_failure
from agentarium.server.background_check import BackgroundCheck

log = structlog.get_logger(__name__)

Body = dict[str, str]

LIVENESS_PATH = "/healthz"
READINESS_PATH = "/readyz"
# A probe is answered within one second, whatever it finds.
WAIT_SECONDS = 0.7
BROKER_SECONDS = 1
READ_AGE_SECONDS = 1.0
# Each write waits for the disk, so there are fewer.
WRITE_AGE_SECONDS = 5.0
CLOCK_SECONDS = 15.0
# More than a page of any file system.
TRIAL_BYTES = 65_536


class ReadinessChecks:
    """The checks of this process, which all of its probes share."""

    def __init__(self) -> None:
        self._database = BackgroundCheck(database_problem, max_age=READ_AGE_SECONDS)
        # A writer may have to wait for others, which is no failure yet.
        self._writes = BackgroundCheck(
            write_problem, max_age=WRITE_AGE_SECONDS, patience=WRITE_AGE_SECONDS
        )
        self._folder = BackgroundCheck(
            folder_problem, max_age=WRITE_AGE_SECONDS, patience=WRITE_AGE_SECONDS
        )
        self._broker = BackgroundCheck(broker_problem, max_age=READ_AGE_SECONDS)
        self._all = (self._database, self._writes, self._folder, self._broker)

    def begin(self) -> None:
        """Start them, so that the first probe does not wait for what is slow once."""
        for check in self._all:
            check.begin()

    def begin_database(self) -> None:
        self._database.begin()

    def close(self) -> None:
        """End their threads, and close their connections."""
        for check in self._all:
            check.close()

    async def read(self) -> Body:
        """The body of an answer, after `WAIT_SECONDS` at most."""
        runs = [asyncio.wrap_future(check.begin()) for check in self._all]
        await asyncio.wait(runs, timeout=WAIT_SECONDS)
        return self._body()

    def read_in_thread(self) -> Body:
        """The same for a caller without an event loop."""
        runs = [check.begin() for check in self._all]
        concurrent.futures.wait(runs, timeout=WAIT_SECONDS)
        return self._body()

    def _body(self) -> Body:
        return readiness(
            database=self._database.problem or self._writes.problem,
            folder=self._folder.problem,
            broker=self._broker.problem,
        )


class Probes:
    """Answers the probes of a web process."""

    def __init__(self, runner_problem: Callable[[], str]) -> None:
        """`runner_problem` says what is wrong with the runner in this process, or ""."""
        self._runner_problem = runner_problem
        self.readiness = ReadinessChecks()

    async def answer(self, path: str) -> tuple[HTTPStatus, Body]:
        """The answer for one of the two paths."""
        if path == LIVENESS_PATH:
            body = liveness(self._runner_problem())
        else:
            body = await self.readiness.read()
        return status_of(body), body

    def begin(self) -> None:
        """Start the checks, so that the first probe does not wait for them."""
        self.readiness.begin()

    @asynccontextmanager
    async def measuring_clock(self) -> AsyncIterator[None]:
        """Check the database at intervals, which measures its clock for this process."""
        work = asyncio.create_task(repeat_on_failure("clock", self._measure_clock))
        try:
            yield
        finally:
            work.cancel()

    async def _measure_clock(self) -> None:
        while True:
            self.readiness.begin_database()
            await asyncio.sleep(CLOCK_SECONDS)

    def close(self) -> None:
        self.readiness.close()


def readiness(*, database: str, folder: str, broker: str) -> Body:
    """The body of an answer from what is wrong with each part.

    A broker or a Redis that is out of order does not count: workers poll, and readers read
    the database.
    """
    body = {
        "status": "unavailable" if database or folder else "ok",
        "database": database or "ok",
        "broker": broker or _service("broker", settings.BROKER_URL),
        "redis": _service("redis", settings.REDIS_URL),
    }
    return body | ({"data_folder": folder} if folder else {})


def _service(name: str, url: str) -> str:
    """What this process has found out about a service by using it."""
    uses = ", ".join(uses_out_of_order(name))
    if uses:
        return f"degraded: {uses}"
    return "ok" if url else "none"


def liveness(runner_problem: str) -> Body:
    """The process responds. It checks nothing else, so that nothing else restarts it."""
    if runner_problem:
        return {"status": "unavailable", "runner": runner_problem}
    return {"status": "ok"}


def status_of(body: Body) -> HTTPStatus:
    is_ok = body["status"] == "ok"
    return HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE


# --- Views -----------------------------------------------------------------------


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse(liveness(""))


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    body = readiness(
        database=database_problem(), folder=folder_problem(), broker=broker_problem()
    )
    return JsonResponse(body, status=status_of(body))


# --- Checks ----------------------------------------------------------------------


def database_problem() -> str:
    """Whether the database answers and has its tables."""
    try:
        clock.measure()
        return "" if _is_migrated() else "migrations are missing"
    except Error:
        return "unreachable"


def write_problem() -> str:
    """Whether the database stores something. It may be full, or a copy to read from."""
    try:
        only = SecretKeyCheck.objects.filter(pk=SecretKeyCheck.ONLY)
        only.update(fingerprint=F("fingerprint"))
    except Error as error:
        log.warning("health.write_failed", error=str(error))
        return "cannot be written"
    return ""


def folder_problem() -> str:
    """Whether the data folder takes files."""
    try:
        with tempfile.TemporaryFile(dir=settings.DATA) as file:
            file.write(bytes(TRIAL_BYTES))
            file.flush()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return ""


def broker_problem() -> str:
    """Whether the broker can be reached, if there is one."""
    if not settings.BROKER_URL:
        return ""
    # Slow to import, and not needed in embedded mode.
    from kombu import Connection
    from kombu.exceptions import OperationalError

    options = {"socket_timeout": BROKER_SECONDS}
    try:
        with Connection(
            settings.BROKER_URL,
            connect_timeout=BROKER_SECONDS,
            transport_options=options,
        ) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OperationalError, OSError):
        return "unreachable"
    return ""


def _is_migrated() -> bool:
    """Whether all migrations are applied. Once they are, this is not checked again."""
    if not _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.append(True)
    return True


_migrated: list[bool] = []
