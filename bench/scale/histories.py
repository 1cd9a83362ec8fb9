"""Histories that are open side by side, and asked each question in turn.

In turn, so that whatever else the machine does in a minute hits all of them alike: a
core that another program shares takes up to twice as long for the same work.
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


class Place(NamedTuple):
    """Where the databases are: in files of a folder, or on a server."""

    folder: Path
    server: str | None


class History:
    """A process that has one database open, and answers line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, *request: object) -> Any:
        assert self._process.stdin
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self.answer()

    def answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@contextmanager
def opened(shape: Shape, place: Place) -> Iterator[History]:
    """The history of that shape, made first where it is not there yet."""
    print(f"Opening a history of {shape}", file=sys.stderr)
    name = f"scale_{shape.tasks}_{shape.owners}"
    data = place.folder / name
    data.mkdir(parents=True, exist_ok=True)
    variables = {
        "AGENTARIUM_DATA": str(data),
        "AGENTARIUM_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "agentarium.config.settings",
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
    }
    if place.server:
        _create_database(place.server, name)
        variables["DATABASE_URL"] = f"{place.server}/{name}"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bench.scale.ask", *map(str, shape)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        history = History(process)
        # It says so when it is made.
        history.answer()
        yield history


def _create_database(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if link.execute(known, [name]).fetchone() is None:
            link.execute(f'CREATE DATABASE "{name}"')


def ask_all(histories: Mapping[str, History], turns: int, only: str = "") -> Figures:
    """What each question cost in each history, and how the database found it.

    `only` is a part of the names of those that are asked.
    """
    known = [history.ask("questions") for history in histories.values()]
    figures: Figures = {name: {} for name in histories}
    for question in (name for name in known[0] if only in name):
        for name, found in _ask(histories, question, turns).items():
            figures[name][question] = found
    return figures


def _ask(
    histories: Mapping[str, History], question: str, turns: int
) -> dict[str, dict[str, Any]]:
    costs: dict[str, list[list[float]]] = {name: [] for name in histories}
    for turn in range(1 + turns):
        for name, history in histories.items():
            found = history.ask("costs", question)
            # The first time is for what is read and prepared once.
            costs[name] += found if turn else []
    return {
        name: {**_figures(costs[name]), **history.ask("manner", question)}
        for name, history in histories.items()
    }


def _figures(costs: list[list[float]]) -> dict[str, float]:
    cpu, clock = (sorted(values) for values in zip(*costs, strict=True))
    return {
        "median_ms": statistics.median(cpu),
        "p95_ms": cpu[int(len(cpu) * 0.95)],
        "clock_ms": statistics.median(clock),
    }
