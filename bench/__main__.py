"""`python -m bench`: measures Agentarium beside what it is compared with.

Starts what it measures, checks that what it measured is right, and measures everything
three times in turn. Absolute figures are those of the machine and of whatever else it
does: ratios are what counts.

    python -m bench --only T1 --systems embedded --rounds 1 --effort 0.5
"""

import argparse
import sys
from pathlib import Path

from bench.lab import Lab, Wishes
from bench.measurement import Effort
from bench.measurements import MEASUREMENTS
from bench.report import Results, table
from bench.systems import SYSTEMS


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    add("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    add("--rounds", type=int, default=3)
    add("--effort", type=float, default=1.0, help="more or less of everything")
    add("--profile", type=Path, metavar="FOLDER", help="write there where CPU goes")
    add("--hold", action="store_true", help="wait before what is measured is ended")
    return parser.parse_args()


def measure(asked: argparse.Namespace) -> Results:
    results = Results()
    wishes = Wishes(profile=asked.profile, is_held=asked.hold)
    with Lab(wishes) as lab:
        for number in range(asked.rounds):
            for name in asked.only:
                print(f"Round {number + 1}: {name}", file=sys.stderr)
                measurement = MEASUREMENTS[name]
                for system in measurement.systems:
                    if system in asked.systems:
                        figures = measurement.run(lab, system, Effort(asked.effort))
                        results.add(name, system, figures)
    return results


def main() -> None:
    asked = asked_for()
    results = measure(asked)
    for name in asked.only:
        print(table(MEASUREMENTS[name], results))


if __name__ == "__main__":
    main()
