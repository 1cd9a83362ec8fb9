"""What commands say: results on stdout, everything else on stderr."""

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
UNBOUNDED = 250

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

# Text that people and models wrote must not move the cursor or rewrite the screen.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """End the command with one sentence on stderr."""
    say(sentence, style="red")
    raise typer.Exit(code)


def joined(detail: str, advice: str) -> str:
    """One sentence: what was found, and what to do, which begins with a verb."""
    return f"{detail}: {advice[:1].lower()}{advice[1:]}" if advice else detail


def say(sentence: str, *, style: str = "") -> None:
    """Tell the person at the terminal; programs read stdout."""
    err.print(printable(sentence), style=style, markup=False)


def show(result: str | Table) -> None:
    """A result, on stdout; tables are not folded where nobody looks."""
    if isinstance(result, str):
        out.print(printable(result), markup=False)
    else:
        wide = out if out.is_terminal else Console(width=UNBOUNDED, highlight=False)
        wide.print(result, soft_wrap=False)


def cell(text: object) -> Text:
    """A table's cell: plain text, whatever it holds."""
    return Text(printable(str(text)))


def printable(text: str) -> str:
    """`text` without what a terminal would obey."""
    return _CONTROL.sub("�", text)


def print_json(data: Any) -> None:
    """Plain JSON on stdout, in the shapes of the API."""
    from rest_framework.utils.encoders import JSONEncoder

    typer.echo(json.dumps(data, cls=JSONEncoder, indent=2, ensure_ascii=False))


def table(*columns: str) -> Table:
    """An empty table."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    return shown


def moment(at: datetime | None) -> str:
    """A time as it is here."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


@contextmanager
def waiting(sentence: str) -> Iterator[None]:
    """Show on a terminal that something is under way."""
    with err.status(sentence):
        yield


@contextmanager
def progress(title: str, *, unit: Any = None) -> Iterator[Progress]:
    """A bar on a terminal; elsewhere the title alone, once."""
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
