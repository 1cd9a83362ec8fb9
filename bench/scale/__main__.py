"""`python -m bench.scale`: the same questions to histories of ever more tasks.

Each size has a database of its own, which is made when it is not there yet: with
`--folder`, files of SQLite; with `--server`, databases of a PostgreSQL server. They are
left behind, because making one takes longer than asking it.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.processes import ROOT
from bench.scale.report import compared, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,100000,1000000")
    parser.add_argument(
        "--owners", type=int, default=1, help="of the largest history, once more"
    )
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/scale")
    parser.add_argument("--server", help="postgres://user@host:port")
    parser.add_argument("--output", type=Path, help="all figures, as JSON")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(_ask(asked.one, asked.owners, asked.repeats)))
        return
    figures = _all(asked)
    if asked.output:
        asked.output.write_text(json.dumps(figures))
    print(table(compared(figures)))


def _all(asked: argparse.Namespace) -> dict[str, Any]:
    sizes = [int(size) for size in asked.sizes.split(",")]
    shapes = [(size, 1) for size in sizes]
    if asked.owners > 1:
        shapes.append((sizes[-1], asked.owners))
    return {_name(*shape): _in_a_process(asked, *shape) for shape in shapes}


def _name(tasks: int, owners: int) -> str:
    return f"{tasks:,}" + (f" of {owners:,} people" if owners > 1 else "")


def _in_a_process(asked: argparse.Namespace, tasks: int, owners: int) -> Any:
    """One process opens one database."""
    print(f"Asking a history of {_name(tasks, owners)}", file=sys.stderr)
    name = f"scale_{tasks}_{owners}"
    data = asked.folder / name
    data.mkdir(parents=True, exist_ok=True)
    variables = {
        "AGENTARIUM_DATA": str(data),
        "AGENTARIUM_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "agentarium.config.settings",
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
    }
    if asked.server:
        _create_database(asked.server, name)
        variables["DATABASE_URL"] = f"{asked.server}/{name}"
    command = [sys.executable, "-m", "bench.scale", "--one", str(tasks)]
    options = ["--owners", str(owners), "--repeats", str(asked.repeats)]
    answer = subprocess.run(  # noqa: S603
        [*command, *options],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(answer.stdout)


def _create_database(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if link.execute(known, [name]).fetchone() is None:
            link.execute(f'CREATE DATABASE "{name}"')


def _ask(tasks: int, owners: int, repeats: int) -> dict[str, Any]:
    import django

    django.setup()
    from bench.scale.ask import ask_all
    from bench.scale.history import Shape

    return ask_all(Shape(tasks, owners), repeats)


if __name__ == "__main__":
    main()
