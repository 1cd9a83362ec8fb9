"""Asks one history all questions: what each costs, and how the database finds it.

What is compared is CPU time, of this process and of the database's own: on a machine
that does other things too, the time on the clock says more about those. All that is
asked for is in memory, so that on an idle machine the two are the same.
"""

import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from bench.scale.history import Shape, prepare
from bench.scale.questions import Asker, Question

WARM = 3
# What reads a table of tasks or of words from one end to the other.
_SCANS = {
    "postgresql": re.compile(r"Seq Scan on tasks_(agenttask|words)\b.*"),
    "sqlite": re.compile(r"SCAN (tasks_agenttask|newest)(?! USING).*"),
}


def ask_all(shape: Shape, repeats: int) -> dict[str, Any]:
    """Figures by the question's name: milliseconds, and the plans of its queries."""
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "9999999/s")
    asker = Asker(prepare(shape))
    return {
        question.name: _figures(question, repeats) for question in asker.questions()
    }


def _figures(question: Question, repeats: int) -> dict[str, Any]:
    for _ in range(WARM):
        answer = question.ask()
    costs = [_cost(question) for _ in range(repeats)]
    cpu, clock = (sorted(values) for values in zip(*costs, strict=True))
    with _plans() as plans:
        question.ask()
    return {
        "median_ms": statistics.median(cpu),
        "p95_ms": cpu[int(len(cpu) * 0.95)],
        "clock_ms": statistics.median(clock),
        "is_list": question.is_list,
        "is_right": question.is_right(answer),
        "scans": [line for plan in plans for line in _scans(plan)],
        "plans": plans,
    }


def _cost(question: Question) -> tuple[float, float]:
    """Milliseconds of CPU, and on the clock."""
    began_at, used_before = time.perf_counter(), _cpu()
    question.ask()
    return (_cpu() - used_before) * 1000, (time.perf_counter() - began_at) * 1000


def _cpu() -> float:
    return time.process_time() + sum(_cpu_of(pid) for pid in _backends())


@cache
def _backends() -> list[int]:
    """The processes of PostgreSQL that serve us; the server is on this machine."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        )
        return [pid for (pid,) in cursor.fetchall()]


def _cpu_of(pid: int) -> float:
    """Seconds, counted by the kernel in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _scans(plan: str) -> list[str]:
    return [found[0] for found in _SCANS[connection.vendor].finditer(plan)]


@contextmanager
def _plans() -> Iterator[list[str]]:
    """The plans of the reads that happen meanwhile."""
    plans: list[str] = []
    explain = (
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)"
        if connection.vendor == "postgresql"
        else "EXPLAIN QUERY PLAN"
    )

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"{explain} {sql}", params)
                plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield plans
