"""`python -m bench`: measures Agentarium beside what it is compared with.

Starts what it measures, checks that what it measured is right, and measures everything
three times in turn. Absolute figures are those of the machine and of whatever else it
does: ratios are what counts.

    python -m bench --only T1 --systems embedded --rounds 1 --effort 0.5
"""

import argparse
import json
import sys
from pathlib import Path

from bench.history import FULL, Extent, history
from bench.lab import Lab, Wishes
from bench.measurement import Effort
from bench.measurements import MEASUREMENTS
from bench.processes import ROOT
from bench.report import page
from bench.report.results import Results, moved, ratios
from bench.report.tables import aims, table

STORED_RATIOS = ROOT / "bench/ratios.json"
RESULTS = ROOT / "build/bench/results.json"


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    systems = {name for each in MEASUREMENTS.values() for name in each.systems}
    add("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    add("--systems", nargs="+", choices=sorted(systems), default=systems)
    add("--rounds", type=int, default=3)
    add("--effort", type=float, default=1.0, help="more or less of everything")
    add("--profile", type=Path, metavar="FOLDER", help="write there where CPU goes")
    add("--hold", action="store_true", help="wait before what is measured is ended")
    add(
        "--history", choices=["small", "full"], help="T5, too: up to 10^5 or 10^7 tasks"
    )
    add("--write", action="store_true", help="put the figures into docs/performance*")
    add("--results", nargs="+", type=Path, help="tell of earlier runs, measure nothing")
    add("--keep", action="store_true", help="compare later runs with this one")
    return parser.parse_args()


def measure(lab: Lab, asked: argparse.Namespace) -> Results:
    """Each system once in each round, so that whatever else happens hits all alike."""
    results = Results()
    for number in range(asked.rounds):
        for name in asked.only:
            print(f"Round {number + 1}: {name}", file=sys.stderr)
            measurement = MEASUREMENTS[name]
            for system in measurement.systems:
                if system in asked.systems:
                    figures = measurement.run(lab, system, Effort(asked.effort))
                    results.add(name, system, figures)
                    results.save(RESULTS)
    return results


def tell(results: Results, asked: argparse.Namespace) -> None:
    for name in asked.only:
        measurement, medians = MEASUREMENTS[name], results.medians(name)
        print(f"## {name}: {measurement.title}\n")
        print(table(measurement, medians), "", aims(measurement, medians), sep="\n")
        print()
        if asked.write:
            page.write(measurement, medians)


def compare(results: Results, asked: argparse.Namespace) -> None:
    """Say what moved since the ratios that are stored, and store these if wished."""
    found = {
        name: ratio
        for each in asked.only
        for name, ratio in ratios(MEASUREMENTS[each], results.medians(each)).items()
    }
    stored = json.loads(STORED_RATIOS.read_text())
    changes = list(moved(stored, found))
    print("Moved by more than 25 % since the stored ratios:" if changes else "")
    print("\n".join(changes))
    if asked.keep:
        kept = dict(sorted((stored | found).items()))
        rounded = {name: float(f"{ratio:.3g}") for name, ratio in kept.items()}
        STORED_RATIOS.write_text(json.dumps(rounded, indent=2) + "\n")


def tell_history(lab: Lab, asked: argparse.Namespace) -> None:
    extent = FULL if asked.history == "full" else Extent()
    for database, found in history(lab, extent).items():
        print(f"## T5: {database}, milliseconds of CPU\n\n{found}\n")
        # A short one is there to be compared with; the page keeps the long one.
        if asked.write and extent is FULL:
            page.replace(f"T5 {database}", found, page.LONG_HISTORIES)


def main() -> None:
    asked = asked_for()
    with Lab(Wishes(profile=asked.profile, is_held=asked.hold)) as lab:
        if asked.results:
            results = Results.read(*asked.results)
            asked.only = [name for name in asked.only if name in results.rounds]
        else:
            results = measure(lab, asked)
        tell(results, asked)
        compare(results, asked)
        if asked.history:
            tell_history(lab, asked)


if __name__ == "__main__":
    main()
