"""`python -m bench.chaos`: kill everything at random instants, then count.

Three workers and a web process on PostgreSQL and Redis, or (`--embedded`) one process
on SQLite, run hundreds of tasks with tools for a provider and a tool server that count
every request, while processes are killed and paused, services go away, readers lose
their connections, and people cancel. It prints its seed, its figures, and each promise
that was broken, and fails if one was.
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
from bench.chaos.figures import figures, late_recoveries
from bench.chaos.run import FULL, SHORT, Options, run

SHOWN = 40


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="agentarium-chaos-"))
    size = "embedded" if options.is_embedded else "scaled"
    print(
        f"chaos: {size}, seed {options.seed}, {options.tasks} tasks in "
        f"{options.seconds:g} s, a trouble each {options.gap:g} s",
        flush=True,
    )
    evidence = asyncio.run(run(options, folder))
    violations = check(evidence) + late_recoveries(evidence)
    for name, figure in figures(evidence, violations).items():
        print(f"  {name:<32} {figure}")
    for violation in violations[:SHOWN]:
        print(
            f"  BROKEN {violation.promise}: task {violation.task_id}, {violation.detail}"
        )
    if violations:
        print(f"{len(violations)} violations; the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    print("Every promise was kept.")
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--embedded", action="store_true", help="SQLite, one process")
    parser.add_argument("--short", action="store_true", help="a minute, not minutes")
    parser.add_argument("--seed", type=int, help="drawn, if it is not given")
    parser.add_argument("--seconds", type=float, help="of trouble")
    parser.add_argument("--tasks", type=int)
    parser.add_argument("--gap", type=float, help="seconds between troubles")
    given = vars(parser.parse_args())
    known = {"seed": secrets.randbelow(1_000_000)} | {
        name: given[name]
        for name in ("seed", "seconds", "tasks", "gap")
        if given[name] is not None
    }
    form = SHORT if given["short"] else FULL
    return replace(form, is_embedded=given["embedded"], **known)


if __name__ == "__main__":
    sys.exit(main())
