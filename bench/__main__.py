"""`python -m bench`: measures Agentarium and the baselines that it is compared with.

Starts the systems, verifies their output, and measures each of them three times, in
turn. Absolute figures depend on the machine and on its other load: compare the ratios.

    python -m bench --only T1 --systems embedded --rounds 1 --effort 0.5
"""

import argparse
import json
import sys
from pathlib import Path

from bench.history import FULL, HistorySizes, history
from bench.lab import Lab, LabOptions
from bench.measurement import Effort
from bench.measurements import MEASUREMENTS
from bench.processes import ROOT
from bench.report import page
from bench.report.results import Results, moved, ratios
from bench.report.tables import aims, table

STORED_RATIOS = ROOT / "bench/ratios.json"
RESULTS = ROOT / "build/bench/results.json"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    systems = {name for each in MEASUREMENTS.values() for name in each.systems}
    add("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    add("--systems", nargs="+", choices=sorted(systems), default=systems)
    add("--rounds", type=int, default=3)
    add("--effort", type=float, default=1.0, help="scales the number of tasks")
    add("--profile", type=Path, metavar="FOLDER", help="write CPU profiles there")
    add("--hold", action="store_true", help="wait before a system is stopped")
    add(
        "--history",
        choices=["small", "full"],
        help="also measure T5, with up to 10^5 or 10^7 tasks",
    )
    add("--write", action="store_true", help="write the figures to docs/performance*")
    add("--results", nargs="+", type=Path, help="report earlier runs instead")
    add("--keep", action="store_true", help="store the ratios for later comparisons")
    return parser.parse_args()


def measure(lab: Lab, arguments: argparse.Namespace) -> Results:
    """Measure each system once per round, so that other load affects all of them."""
    results = Results()
    for number in range(arguments.rounds):
        for name in arguments.only:
            print(f"Round {number + 1}: {name}", file=sys.stderr)
            measurement = MEASUREMENTS[name]
            for system in measurement.systems:
                if system in arguments.systems:
                    figures = measurement.run(lab, system, Effort(arguments.effort))
                    results.add(name, system, figures)
                    results.save(RESULTS)
    return results


def report(results: Results, arguments: argparse.Namespace) -> None:
    for name in arguments.only:
        measurement, medians = MEASUREMENTS[name], results.medians(name)
        print(f"## {name}: {measurement.title}\n")
        print(table(measurement, medians), "", aims(measurement, medians), sep="\n")
        print()
        if arguments.write:
            page.write(measurement, medians)


def compare(results: Results, arguments: argparse.Namespace) -> None:
    """Print which ratios moved since the stored ones; with `--keep` store the new ones."""
    found = {
        name: ratio
        for each in arguments.only
        for name, ratio in ratios(MEASUREMENTS[each], results.medians(each)).items()
    }
    stored = json.loads(STORED_RATIOS.read_text())
    changes = list(moved(stored, found))
    print("Moved by more than 25 % since the stored ratios:" if changes else "")
    print("\n".join(changes))
    if arguments.keep:
        kept = dict(sorted((stored | found).items()))
        rounded = {name: float(f"{ratio:.3g}") for name, ratio in kept.items()}
        STORED_RATIOS.write_text(json.dumps(rounded, indent=2) + "\n")


def report_history(lab: Lab, arguments: argparse.Namespace) -> None:
    sizes = FULL if arguments.history == "full" else HistorySizes()
    for database, found in history(lab, sizes).items():
        print(f"## T5: {database}, milliseconds of CPU\n\n{found}\n")
        # The page shows the full histories only.
        if arguments.write and sizes is FULL:
            page.replace(f"T5 {database}", found, page.LONG_HISTORIES)


def main() -> None:
    arguments = parse_arguments()
    options = LabOptions(profile=arguments.profile, is_held=arguments.hold)
    with Lab(options) as lab:
        if arguments.results:
            results = Results.read(*arguments.results)
            arguments.only = [name for name in arguments.only if name in results.rounds]
        else:
            results = measure(lab, arguments)
        report(results, arguments)
        compare(results, arguments)
        if arguments.history:
            report_history(lab, arguments)


if __name__ == "__main__":
    main()
