"""T5: what is asked of a long history, on both databases, as a part of a run."""

import json
import sys
from dataclasses import dataclass

from bench import processes
from bench.lab import Lab
from bench.scale.report import compared, table

# Making ten million tasks takes its time.
MOST_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Extent:
    """Numbers of tasks, with commas between them, and of people for the largest."""

    postgresql: str = "1000,100000"
    sqlite: str = "1000,100000"
    owners: int = 1


FULL = Extent("1000,100000,10000000", "1000,100000,1000000", owners=1000)


def history(lab: Lab, extent: Extent) -> dict[str, str]:
    """A table for each database, by its name."""
    folder = processes.ROOT / "build/scale"
    server = ("--server", lab.postgresql_url, "--owners", str(extent.owners))
    files = ("--folder", str(folder))
    return {
        "postgresql": _ask("postgresql", extent.postgresql, *server),
        "sqlite": _ask("sqlite", extent.sqlite, *files),
    }


def _ask(database: str, sizes: str, *options: str) -> str:
    print(f"History on {database}: {sizes} tasks", file=sys.stderr)
    output = processes.ROOT / f"build/bench/history-{database}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    command = ("bench.scale", "--sizes", sizes, "--output", str(output), *options)
    processes.run(command, {}, seconds=MOST_SECONDS)
    return table(compared(json.loads(output.read_text())))
