"""`python -m bench.scale.ask TASKS OWNERS`: asks one history what it is told to ask.

It is told line by line, and says what a question costs, or how the database finds it.

What is compared is CPU time, of this process and of the database's own: on a machine
that does other things too, the time on the clock says more about those. All that is
asked for is in memory, so that on an idle machine the two are the same.
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

    from bench.scale.questions import Question

# At a time: what another process left in the processor's caches counts once.
TIMES = 3
# What reads a table of tasks or of words from one end to the other.
_SCANS = {
    "postgresql": re.compile(r"Seq Scan on tasks_(agenttask|words)\b.*"),
    "sqlite": re.compile(r"SCAN (tasks_agenttask|newest)(?! USING).*"),
}


def main() -> None:
    django.setup()
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "9999999/s")
    from bench.scale.history import prepare

    user = prepare(Shape(*map(int, sys.argv[1:])))
    _say("made")
    questions: dict[str, Question] = {}
    for line in sys.stdin:
        # Not before: another history may take longer to make than a token lives.
        questions = questions or _questions(user)
        kind, *names = json.loads(line)
        _say(_answer(kind, questions, *names))


def _questions(user: "User") -> "dict[str, Question]":
    from agentarium.cli.serving.garbage_collection import expect_many_objects

    from bench.scale.questions import Asker

    questions = {each.name: each for each in Asker(user).questions()}
    expect_many_objects()
    return questions


def _answer(kind: str, questions: "dict[str, Question]", *names: str) -> object:
    if kind == "questions":
        return list(questions)
    tell = _costs if kind == "costs" else _manner
    return tell(questions[names[0]])


def _say(content: object) -> None:
    print(json.dumps(content), flush=True)


def _manner(question: "Question") -> dict[str, Any]:
    """Whether the answer is right, and the plans of its queries."""
    with _plans() as plans:
        answer = question.ask()
    return {
        "is_list": question.is_list,
        "is_right": question.is_right(answer),
        "scans": [line for plan in plans for line in _scans(plan)],
        "plans": plans,
    }


def _costs(question: "Question") -> list[tuple[float, float]]:
    return [_cost(question) for _ in range(TIMES)]


def _cost(question: "Question") -> tuple[float, float]:
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
            " AND backend_type = 'client backend'"
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


if __name__ == "__main__":
    main()
