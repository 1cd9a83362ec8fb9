"""Output of commands: results on stdout, everything else on stderr."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

FAILED = 1
MISUSED = 2
UNLIMITED_WIDTH = 250

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

# Text from users and models must not move the cursor or rewrite the screen.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """Exit with one sentence on stderr."""
    say(sentence, style="red")
    raise typer.Exit(code)


def with_advice(detail: str, advice: str) -> str:
    """Join what was found and what to do about it, which begins with a verb."""
    return f"{detail}: {advice[:1].lower()}{advice[1:]}" if advice else detail


def say(sentence: str, *, style: str = "") -> None:
    """Print a message for the person at the terminal, on stderr."""
    err.print(printable(sentence), style=style, markup=False)


def show(result: str | Table) -> None:
    """Print a result on stdout; tables are folded only on a terminal."""
    if isinstance(result, str):
        out.print(printable(result), markup=False)
    else:
        wide = (
            out if out.is_terminal else Console(width=UNLIMITED_WIDTH, highlight=False)
        )
        wide.print(result, soft_wrap=False)


def cell(text: object) -> Text:
    """Return a table cell whose text is not parsed as markup."""
    return Text(printable(str(text)))


def printable(text: str) -> str:
    """Replace the control characters in `text`."""
    return _CONTROL.sub("�", text)


def print_json(data: Any) -> None:
    """Print JSON on stdout, in the shapes of the API."""
    from rest_framework.utils.encoders import JSONEncoder

    typer.echo(json.dumps(data, cls=JSONEncoder, indent=2, ensure_ascii=False))


def table(*columns: str) -> Table:
    """Return an empty table with these column headers."""
    empty = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        empty.add_column(column, overflow="fold")
    return empty


def local_time(at: datetime | None) -> str:
    """Format a time in the local time zone; "" for None."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


@contextmanager
def waiting(sentence: str) -> Iterator[None]:
    """Show a spinner on a terminal."""
    with err.status(sentence):
        yield


@contextmanager
def progress(title: str, *, unit: Any = None) -> Iterator[Progress]:
    """Show a progress bar on a terminal; elsewhere print the title once."""
    if not err.is_terminal:
        say(title)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(
        *columns,
        unit or MofNCompleteColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as bar:
        yield bar
