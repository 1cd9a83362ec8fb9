"""Measures each operation on several open histories, in turn.

In turn, so that other load on the machine affects all of them: on a core that another
program shares, the same work takes up to twice as long.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.processes import ROOT
from bench.scale.report import Figures
from bench.scale.shape import Shape


class Location(NamedTuple):
    """Where the databases are: in a folder or, if it is given, on a server."""

    folder: Path
    server: str | None


class History:
    """A process that has one database open and answers requests line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def request(self, *request: object) -> Any:
        assert self._process.stdin
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self.receive()

    def receive(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@contextmanager
def open_history(shape: Shape, location: Location) -> Iterator[History]:
    """Open the history of this shape; it is created if it does not exist."""
    print(f"Opening a history of {shape}", file=sys.stderr)
    name = f"scale_{shape.tasks}_{shape.owners}"
    data = location.folder / name
    data.mkdir(parents=True, exist_ok=True)
    variables = {
        "AGENTARIUM_DATA": str(data),
        "AGENTARIUM_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "agentarium.config.settings",
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
    }
    if location.server:
        _create_database(location.server, name)
        variables["DATABASE_URL"] = f"{location.server}/{name}"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bench.scale.history_process", *map(str, shape)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        history = History(process)
        # Sent when the history has been created.
        history.receive()
        yield history


def _create_database(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if link.execute(known, [name]).fetchone() is None:
            link.execute(f'CREATE DATABASE "{name}"')


def measure_all(
    histories: Mapping[str, History], turns: int, only: str = ""
) -> Figures:
    """Measure the operations whose name contains `only`.

    Returns figures and query plans by history and operation.
    """
    known = [history.request("operations") for history in histories.values()]
    figures: Figures = {name: {} for name in histories}
    for operation in (name for name in known[0] if only in name):
        for name, found in _measure(histories, operation, turns).items():
            figures[name][operation] = found
    return figures


def _measure(
    histories: Mapping[str, History], operation: str, turns: int
) -> dict[str, dict[str, Any]]:
    costs: dict[str, list[list[float]]] = {name: [] for name in histories}
    for turn in range(1 + turns):
        for name, history in histories.items():
            found = history.request("costs", operation)
            # The first turn is a warm-up.
            costs[name] += found if turn else []
    return {
        name: {**_figures(costs[name]), **history.request("plans", operation)}
        for name, history in histories.items()
    }


def _figures(costs: list[list[float]]) -> dict[str, float]:
    cpu, clock = (sorted(values) for values in zip(*costs, strict=True))
    return {
        "median_ms": statistics.median(cpu),
        "p95_ms": cpu[int(len(cpu) * 0.95)],
        "clock_ms": statistics.median(clock),
    }
