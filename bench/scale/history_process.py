"""`python -m bench.scale.history_process TASKS OWNERS`: measures one history.

It reads requests from stdin, line by line: for the cost of an operation or for its
query plans.

Costs are CPU time of this process and of the database. Unlike the elapsed time, it
depends little on the machine's other load. All data is in memory, so that on an idle
machine the two are the same.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.db import connection

from bench.scale.shape import Shape

if TYPE_CHECKING:
    from agentarium.accounts.models import User

    from bench.scale.workload import Operation

# Repetitions per turn, so that cold processor caches count once.
TIMES = 3
# Plan nodes that read the whole table of tasks or of words.
_SCANS = {
    "postgresql": re.compile(r"Seq Scan on tasks_(agenttask|words)\b.*"),
    "sqlite": re.compile(r"SCAN (tasks_agenttask|newest)(?! USING).*"),
}


def main() -> None:
    django.setup()
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "9999999/s")
    from bench.scale.generator import prepare_history

    user = prepare_history(Shape(*map(int, sys.argv[1:])))
    _print("ready")
    operations: dict[str, Operation] = {}
    for line in sys.stdin:
        # Not earlier: creating another history may outlast the token.
        operations = operations or _questions(user)
        kind, *names = json.loads(line)
        _print(_answer(kind, operations, *names))


def _questions(user: "User") -> "dict[str, Operation]":
    from agentarium.cli.serving.garbage_collection import freeze_loaded_objects

    from bench.scale.workload import Workload

    operations = {each.name: each for each in Workload(user).operations()}
    freeze_loaded_objects()
    return operations


def _answer(kind: str, operations: "dict[str, Operation]", *names: str) -> object:
    if kind == "operations":
        return list(operations)
    report = _costs if kind == "costs" else _plan_report
    return report(operations[names[0]])


def _print(content: object) -> None:
    print(json.dumps(content), flush=True)


def _plan_report(operation: "Operation") -> dict[str, Any]:
    """Whether the result is right, and the plans of its queries."""
    with _plans() as plans:
        result = operation.run()
    return {
        "is_list": operation.is_list,
        "is_right": operation.is_right(result),
        "scans": [line for plan in plans for line in _scans(plan)],
        "plans": plans,
    }


def _costs(operation: "Operation") -> list[tuple[float, float]]:
    return [_cost(operation) for _ in range(TIMES)]


def _cost(operation: "Operation") -> tuple[float, float]:
    """Milliseconds of CPU time, and of elapsed time."""
    started_at, used_before = time.perf_counter(), _cpu()
    operation.run()
    return (_cpu() - used_before) * 1000, (time.perf_counter() - started_at) * 1000


def _cpu() -> float:
    return time.process_time() + sum(_cpu_of(pid) for pid in _backends())


@cache
def _backends() -> list[int]:
    """Pids of the PostgreSQL backends that serve us; the server is on this machine."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend'"
        )
        return [pid for (pid,) in cursor.fetchall()]


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process, with the kernel's resolution of nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _scans(plan: str) -> list[str]:
    return [found[0] for found in _SCANS[connection.vendor].finditer(plan)]


@contextmanager
def _plans() -> Iterator[list[str]]:
    """Collect the plans of the SELECTs that run in the block."""
    plans: list[str] = []
    prefix = (
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)"
        if connection.vendor == "postgresql"
        else "EXPLAIN QUERY PLAN"
    )

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"{prefix} {sql}", params)
                plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


if __name__ == "__main__":
    main()
