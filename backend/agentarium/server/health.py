"""Liveness and readiness probes."""

from http import HTTPStatus

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

PROBE_SECONDS = 1


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process responds. It checks nothing else, so that nothing else restarts it."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database is reachable and migrated.

    A broker that is unreachable does not count: tasks wait for it.
    """
    problem = _database_problem()
    body = {
        "status": "unavailable" if problem else "ok",
        "database": problem or "ok",
        "broker": _broker_state(),
    }
    status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
    return JsonResponse(body, status=status)


def _database_problem() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "" if _is_migrated() else "migrations are missing"
    except Error:
        return "unreachable"


def _is_migrated() -> bool:
    """Whether all migrations are applied. Once they are, this is not checked again."""
    if not _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.append(True)
    return True


_migrated: list[bool] = []


def _broker_state() -> str:
    if not settings.BROKER_URL:
        return "none"
    # Slow to import, and not needed in embedded mode.
    from kombu import Connection
    from kombu.exceptions import OperationalError

    options = {"socket_timeout": PROBE_SECONDS}
    try:
        with Connection(
            settings.BROKER_URL,
            connect_timeout=PROBE_SECONDS,
            transport_options=options,
        ) as broker:
            broker.ensure_connection(max_retries=1, timeout=PROBE_SECONDS)
    except (OperationalError, OSError):
        return "unreachable"
    return "ok"
