"""T5: runs `bench.scale` on both databases, as a part of a run."""

import json
import sys
from dataclasses import dataclass

from bench import processes
from bench.lab import Lab
from bench.scale.report import compare, table

# Creating ten million tasks takes long.
TIMEOUT_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class HistorySizes:
    """Numbers of tasks, separated by commas, and of users in the largest history."""

    postgresql: str = "1000,100000"
    sqlite: str = "1000,100000"
    owners: int = 1


FULL = HistorySizes("1000,100000,10000000", "1000,100000,1000000", owners=1000)


def history(lab: Lab, sizes: HistorySizes) -> dict[str, str]:
    """Return a Markdown table by the name of the database."""
    folder = processes.ROOT / "build/scale"
    server = ("--server", lab.postgresql_url, "--owners", str(sizes.owners))
    files = ("--folder", str(folder))
    return {
        "postgresql": _measure("postgresql", sizes.postgresql, *server),
        "sqlite": _measure("sqlite", sizes.sqlite, *files),
    }


def _measure(database: str, sizes: str, *options: str) -> str:
    print(f"History on {database}: {sizes} tasks", file=sys.stderr)
    output = processes.ROOT / f"build/bench/history-{database}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    command = ("bench.scale", "--sizes", sizes, "--output", str(output), *options)
    processes.run(command, {}, seconds=TIMEOUT_SECONDS)
    return table(compare(json.loads(output.read_text())))
