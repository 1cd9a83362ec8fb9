"""`python -m bench.chaos.hostile`: hostile inputs next to a victim's requests.

A user and strangers send each input of a table, while another user makes ordinary
requests and reads a live stream. It prints what each input did to that user next to a
calm baseline, and fails if one delayed the user by more than 0.5 s.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.chaos.hostile.attacker import Input
from bench.chaos.hostile.inputs import INPUTS
from bench.chaos.hostile.run import Options, run
from bench.chaos.hostile.verdict import Slowest, Verdict
from scripts.services import running_services

HEADINGS = (
    "input",
    "slowest request",
    "longest gap",
    "slowest probe",
    "longest stall",
    "memory",
    "verdict",
    "responses",
)


def main() -> int:
    options = _options()
    is_embedded = options.embedded
    chosen = Options(
        inputs=_chosen(options),
        seconds=1.5 if options.short else options.seconds,
        calm=2.0 if options.short else 5.0,
    )
    folder = Path(tempfile.mkdtemp(prefix="agentarium-hostile-"))
    size = "embedded" if is_embedded else "scaled"
    print(f"hostile inputs: {size}, {len(chosen.inputs)} inputs", flush=True)
    no_services: dict[str, str] = {}
    with ExitStack() as stack:
        services = no_services
        if not is_embedded:
            services = stack.enter_context(running_services())
        verdicts, exit_codes = asyncio.run(run(chosen, folder, services))
    print("\n".join(table(verdicts)))
    violations = [
        f"{verdict.window.name}: {one}"
        for verdict in verdicts
        for one in verdict.violations
    ] + [f"a process exited with {code}" for code in exit_codes if code]
    for violation in violations:
        print(f"  VIOLATED P11: {violation}")
    if violations:
        print(f"{len(violations)} violations. The log is in {folder}.")
        return 1
    shutil.rmtree(folder)
    print("No input delayed the other user.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos.hostile", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--embedded", action="store_true", help="SQLite, one process")
    parser.add_argument("--short", action="store_true", help="some inputs, briefly")
    parser.add_argument(
        "--seconds", type=float, default=6.0, help="the longest time of one input"
    )
    parser.add_argument("--only", help="inputs whose names contain this text")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> Sequence[Input]:
    if options.only:
        return [one for one in INPUTS if options.only in one.name]
    return [one for one in INPUTS if one.is_short or not options.short]


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines of a table in Markdown; times are in seconds."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * len(HEADINGS)}"
    for one in verdicts:
        yield f"| {' | '.join(_row(one))} |"


def _row(one: Verdict) -> tuple[str, ...]:
    word = "excused" if one.is_excused else "ok"
    answers = ", ".join(
        f"{count} x {name}" for name, count in one.window.answers.items()
    )
    return (
        one.window.name,
        f"{_seconds(one.request)} {one.request.kind}",
        _seconds(one.gap),
        _seconds(one.probe),
        f"{one.lost:.2f}",
        f"{one.peak_memory / 1_000_000:.0f} MB",
        "VIOLATED" if one.violations else word,
        answers,
    )


def _seconds(slowest: Slowest) -> str:
    return f"{slowest.seconds:.2f} ({slowest.counted:.2f})"


if __name__ == "__main__":
    sys.exit(main())
