"""`python -m bench.scale`: the same operations on histories of increasing size.

Each size has its own database, which is created if it does not exist: SQLite files in
`--folder`, or databases on the PostgreSQL `--server`. The databases are kept, because
creating one takes longer than measuring it.
"""

import argparse
import json
from contextlib import ExitStack
from pathlib import Path

from bench.processes import ROOT
from bench.scale.histories import Location, measure_all, open_history
from bench.scale.report import compare, table
from bench.scale.shape import Shape


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,100000,1000000")
    parser.add_argument(
        "--owners",
        type=int,
        default=1,
        help="also measure the largest history with this many users",
    )
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument(
        "--only", default="", help="operations whose name contains this"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "build/scale")
    parser.add_argument("--server", help="postgres://user@host:port")
    parser.add_argument("--output", type=Path, help="all figures, as JSON")
    arguments = parser.parse_args()
    location = Location(arguments.folder, arguments.server)
    with ExitStack() as stack:
        histories = {
            str(shape): stack.enter_context(open_history(shape, location))
            for shape in _shapes(arguments)
        }
        figures = measure_all(histories, arguments.turns, arguments.only)
    if arguments.output:
        arguments.output.write_text(json.dumps(figures))
    print(table(compare(figures)))


def _shapes(arguments: argparse.Namespace) -> list[Shape]:
    sizes = [int(size) for size in arguments.sizes.split(",")]
    shapes = [Shape(size) for size in sizes]
    if arguments.owners > 1:
        shapes.append(Shape(sizes[-1], arguments.owners))
    return shapes


if __name__ == "__main__":
    main()
