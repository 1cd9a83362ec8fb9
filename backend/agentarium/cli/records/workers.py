"""`agentarium workers` and `queue`: show the workers and the queue."""

from collections.abc import Callable, Sequence
from time import sleep
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from agentarium.cli.terminal import (
    UNLIMITED_WIDTH,
    cell,
    local_time,
    out,
    print_json,
    table,
)
from agentarium.operations import queue_state
from agentarium.operations.api import WorkerSerializer, queue_json
from agentarium.tasks.models import Worker

POLL_SECONDS = 2.0


def show_workers(*, is_watched: bool, as_json: bool) -> None:
    if as_json:
        workers = queue_state.list_workers()
        print_json(WorkerSerializer(workers, many=True).data)
    else:
        _show(_workers, is_watched=is_watched)


def show_queue(*, is_watched: bool, as_json: bool) -> None:
    if as_json:
        print_json(queue_json())
    else:
        _show(_queue, is_watched=is_watched)


def _show(render: Callable[[], RenderableType], *, is_watched: bool) -> None:
    """Print once or, if watched, refresh until Ctrl-C."""
    if not is_watched:
        wide = (
            out if out.is_terminal else Console(width=UNLIMITED_WIDTH, highlight=False)
        )
        wide.print(render(), soft_wrap=False)
        return
    with Live(render(), console=out, auto_refresh=False) as live:
        while True:
            sleep(POLL_SECONDS)
            live.update(render(), refresh=True)


def _workers() -> RenderableType:
    workers = queue_state.list_workers()
    if not workers:
        return Text("No workers in the last day.")
    rows = table("ID", "WORKER", "STATE", "TASKS", "STARTED", "LEASE UNTIL", "CLOCK")
    for worker in workers:
        rows.add_row(
            cell(worker.pk),
            cell(worker.name),
            Text(*_state(worker)),
            cell(f"{worker.running} of {worker.capacity}"),
            cell(local_time(worker.started_at)),
            cell(local_time(worker.lease_until)),
            Text(*_clock(worker)),
        )
    return rows


def _state(worker: Worker) -> tuple[str, str]:
    """The label, and its style."""
    if worker.is_alive:
        return "alive", "green"
    return ("stopped", "") if worker.has_stopped else ("lost", "red")


def _clock(worker: Worker) -> tuple[str, str]:
    """How far its machine's clock is from the database's, and the style."""
    offset = worker.clock_offset_seconds
    return f"{offset:+,.0f} s", "yellow" if worker.has_wrong_clock else ""


def _queue() -> RenderableType:
    state = queue_json()
    depth, workers = state["depth"], state["workers"]
    summary = table("", "")
    summary.show_header = False
    rows: Sequence[tuple[str, Any]] = (
        ("due", depth["due"]),
        ("not due", depth["not_due"]),
        ("running", f"{depth['running']} of {workers['capacity']}"),
        ("waiting", depth["waiting"]),
        ("workers alive", workers["alive"]),
        ("oldest", _oldest(state["oldest"])),
        ("recovered", _recent_counts(state["recovered"])),
        ("lost", _recent_counts(state["lost"])),
    )
    for name, value in rows:
        summary.add_row(cell(name), cell(value))
    if len(depth["priorities"]) < 2:
        return summary
    priorities = table("PRIORITY", "DUE")
    for each in depth["priorities"]:
        priorities.add_row(cell(each["priority"]), cell(each["count"]))
    return Group(summary, "", priorities)


def _oldest(oldest: dict[str, Any] | None) -> str:
    if oldest is None:
        return "none"
    return f"task {oldest['task']}, for {oldest['age_seconds']:,.0f} s"


def _recent_counts(counts: dict[str, int]) -> str:
    return f"{counts['hour']} in the last hour, {counts['day']} in the last day"
