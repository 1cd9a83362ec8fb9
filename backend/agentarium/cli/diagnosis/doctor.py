"""`agentarium doctor`: check the installation, and say how to fix what is wrong."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from agentarium.cli.project import project
from agentarium.cli.terminal import (
    FAILED,
    MISUSED,
    cell,
    fail,
    print_json,
    show,
    table,
    waiting,
)

if TYPE_CHECKING:
    from agentarium.cli.diagnosis.start_checks import Check

MARKS = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def run_doctor(*, url: str, as_json: bool) -> None:
    """Print every check; exit with 1 if one failed.

    With `url`, also check what a client meets on the path through the proxy.
    """
    with project(needs_database=False):
        from agentarium.cli.diagnosis.checks import all_checks
        from agentarium.cli.diagnosis.proxy_checks import proxy_checks

        public_url = _public_url(url)
        with waiting("Checking the installation"):
            checks = list(all_checks())
            if public_url:
                checks += proxy_checks(public_url)
        if as_json:
            print_json([asdict(check) for check in checks])
        else:
            _show(checks)
        if any(check.state == "fail" for check in checks):
            raise typer.Exit(FAILED)


def _public_url(text: str) -> str:
    from agentarium.core.url_validation import public_url

    try:
        return public_url(text) if text else ""
    except ValueError as error:
        fail(f"--url {error}", MISUSED)


def _show(checks: list["Check"]) -> None:
    rows = table("", "CHECK", "FOUND", "WHAT TO DO")
    for check in checks:
        texts = (check.name, check.detail, check.advice)
        rows.add_row(MARKS[check.state], *map(cell, texts))
    show(rows)
    counts = Counter(check.state for check in checks)
    show(f"{counts['ok']} ok, {counts['warn']} warnings, {counts['fail']} failed")
