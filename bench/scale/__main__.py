"""`python -m bench.scale`: the same questions to histories of ever more tasks.

Each size has a database of its own, which is made when it is not there yet: with
`--folder`, files of SQLite; with `--server`, databases of a PostgreSQL server. They are
left behind, because making one takes longer than asking it.
"""

import argparse
import json
from contextlib import ExitStack
from pathlib import Path

from bench.processes import ROOT
from bench.scale.histories import Place, ask_all, opened
from bench.scale.report import compared, table
from bench.scale.shape import Shape


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,100000,1000000")
    parser.add_argument(
        "--owners", type=int, default=1, help="of the largest history, once more"
    )
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--only", default="", help="questions whose names hold this")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/scale")
    parser.add_argument("--server", help="postgres://user@host:port")
    parser.add_argument("--output", type=Path, help="all figures, as JSON")
    asked = parser.parse_args()
    place = Place(asked.folder, asked.server)
    with ExitStack() as stack:
        histories = {
            str(shape): stack.enter_context(opened(shape, place))
            for shape in _shapes(asked)
        }
        figures = ask_all(histories, asked.turns, asked.only)
    if asked.output:
        asked.output.write_text(json.dumps(figures))
    print(table(compared(figures)))


def _shapes(asked: argparse.Namespace) -> list[Shape]:
    sizes = [int(size) for size in asked.sizes.split(",")]
    shapes = [Shape(size) for size in sizes]
    if asked.owners > 1:
        shapes.append(Shape(sizes[-1], asked.owners))
    return shapes


if __name__ == "__main__":
    main()
