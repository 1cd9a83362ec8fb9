"""`python -m bench.chaos`: break processes and services, then verify the guarantees.

Three workers and a web process on PostgreSQL and Redis, or (`--embedded`) one process
on SQLite, run hundreds of tasks. A fake provider and a tool server record every
request, while processes are killed and paused, services go away, fall silent or get
slow, readers lose their connections, and users cancel tasks. It prints its seed, its
figures and each violated guarantee, and fails if there is a violation.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.chaos.checks import check
from bench.chaos.faults.injector import EMBEDDED, SCALED
from bench.chaos.figures import figures
from bench.chaos.run import FULL, SHORT, Options, run

SHOWN = 40


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="agentarium-chaos-"))
    size = "embedded" if options.is_embedded else "scaled"
    print(
        f"chaos: {size}, seed {options.seed}, {options.tasks} tasks in "
        f"{options.seconds:g} s, a fault every {options.gap:g} s",
        flush=True,
    )
    evidence = asyncio.run(run(options, folder))
    violations = check(evidence)
    for name, figure in figures(evidence, violations).items():
        print(f"  {name:<32} {figure}")
    for violation in violations[:SHOWN]:
        print(
            f"  VIOLATED {violation.promise}: task {violation.task_id}, "
            f"{violation.detail}"
        )
    if violations:
        print(f"{len(violations)} violations. The logs are in {folder}.")
        return 1
    shutil.rmtree(folder)
    print("No guarantee was violated.")
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--embedded", action="store_true", help="SQLite, one process")
    parser.add_argument("--short", action="store_true", help="take about a minute")
    parser.add_argument("--seed", type=int, help="random if it is not given")
    parser.add_argument("--seconds", type=float, help="how long faults are injected")
    parser.add_argument("--tasks", type=int, help="number of tasks")
    parser.add_argument("--gap", type=float, help="average seconds between faults")
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted(SCALED.keys() | EMBEDDED.keys()),
        default=[],
        help="inject this kind of fault, and no other; may be given more than once",
    )
    given = vars(parser.parse_args())
    known = {"seed": secrets.randbelow(1_000_000)} | {
        name: given[name]
        for name in ("seed", "seconds", "tasks", "gap")
        if given[name] is not None
    }
    defaults = SHORT if given["short"] else FULL
    only = frozenset(given["only"])
    return replace(defaults, is_embedded=given["embedded"], only=only, **known)


if __name__ == "__main__":
    sys.exit(main())
