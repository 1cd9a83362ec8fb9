"""`agentarium tasks` and `task`: list a user's tasks, and show one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agentarium.accounts.models import User
from agentarium.cli.administration.users import find_user
from agentarium.cli.terminal import (
    MISUSED,
    cell,
    err,
    fail,
    local_time,
    print_json,
    printable,
    say,
    show,
    table,
)
from agentarium.core.exceptions import NotFoundError
from agentarium.inbox.task_rows import task_row
from agentarium.runtime.prices import format_cost
from agentarium.task_api.serializers import StepSerializer, TaskSerializer
from agentarium.tasks.models import AgentTask, Step

EXCERPT_CHARS = 60
STYLES = {
    AgentTask.Status.COMPLETED: "green",
    AgentTask.Status.FAILED: "red",
    AgentTask.Status.RUNNING: "cyan",
}


def list_tasks(
    user: str, *, statuses: Sequence[str], limit: int, as_json: bool
) -> None:
    if wrong := sorted(set(statuses) - set(AgentTask.Status.values)):
        known = ", ".join(AgentTask.Status.values)
        fail(f'There is no status "{wrong[0]}": use one of {known}.', MISUSED)
    found = AgentTask.objects.visible_to(find_user(user)).for_rows()
    if statuses:
        found = found.filter(status__in=statuses)
    tasks = list(found[:limit])
    if as_json:
        print_json([task_row(task) for task in tasks])
    elif tasks:
        _show_rows(tasks)
    else:
        say("No task has this status." if statuses else "There are no tasks yet.")


def _show_rows(tasks: Sequence[Mapping[str, Any]]) -> None:
    rows = table("ID", "STATUS", "AGENT", "CREATED", "TIME", "TOKENS", "COST", "INPUT")
    for task in tasks:
        rows.add_row(
            cell(task["id"]),
            cell(task["status"]),
            cell(task["agent__name"]),
            cell(local_time(task["created_at"])),
            cell(duration(task["started_at"], task["finished_at"])),
            cell(f"{task['input_tokens']} + {task['output_tokens']}"),
            cell(
                format_cost(
                    task["cost_nanodollars"], is_complete=task["cost_is_complete"]
                )
            ),
            cell(_excerpt(task["beginning"])),
        )
    show(rows)


def _excerpt(text: str) -> str:
    line = " ".join(text[: 2 * EXCERPT_CHARS].split())
    return line if len(line) <= EXCERPT_CHARS else f"{line[: EXCERPT_CHARS - 1]}…"


def find_task(owner: User, task_id: int) -> AgentTask:
    task = AgentTask.objects.visible_to(owner).for_detail().filter(pk=task_id).first()
    if task is None:
        raise NotFoundError(f"{owner.username} has no task {task_id}.")
    return task


def show_task(user: str, task_id: int, *, as_json: bool) -> None:
    task = find_task(find_user(user), task_id)
    steps = list(task.steps.all())
    if as_json:
        print_json(task_json(task, steps))
    else:
        _show_detail(task, steps)


def task_json(task: AgentTask, steps: Sequence[Step]) -> dict[str, Any]:
    """Serialize the task as the API does, with its steps."""
    return {
        **TaskSerializer(task).data,
        "steps": StepSerializer(steps, many=True).data,
    }


def _show_detail(task: AgentTask, steps: Sequence[Step]) -> None:
    show(
        f"Task {task.pk}: {outcome(task)}\n"
        f"Agent {task.agent.name} (version {task.agent_version.number}, "
        f"{task.agent_version.model})\n"
        f"Created {local_time(task.created_at)}, attempt {task.attempt}\n\n"
        f"Input\n{task.input_text}\n"
    )
    if task.error_provider_message:
        show(f"The provider said\n{task.error_provider_message}\n")
    if task.output_text:
        show(f"Output\n{task.output_text}\n")
    if steps:
        _show_steps(steps)


def _show_steps(steps: Sequence[Step]) -> None:
    rows = table(
        "STEP", "KIND", "ATTEMPT", "MODEL", "FINISHED", "TOKENS", "COST", "END"
    )
    for step in steps:
        rows.add_row(
            cell(step.position),
            cell(step.kind),
            cell(step.attempt),
            cell(step.model),
            cell(local_time(step.finished_at)),
            cell(f"{step.input_tokens} + {step.output_tokens}"),
            cell(step.shown_cost),
            cell(step.finish_reason),
        )
    show(rows)


def outcome(task: AgentTask) -> str:
    """Status, tokens, cost, duration and error in one line."""
    parts = [str(task.status)]
    if task.started_at:
        tokens = f"{task.input_tokens} + {task.output_tokens} tokens"
        parts += [tokens, task.shown_cost, duration(task.started_at, task.finished_at)]
    line = ", ".join(part for part in parts if part)
    if task.error_code:
        line += f" ({task.error_code}: {task.error_detail})"
    return line


def duration(started_at: datetime | None, finished_at: datetime | None) -> str:
    """Format the time from a task's first start to its end, in seconds."""
    if not (started_at and finished_at):
        return ""
    return f"{(finished_at - started_at).total_seconds():.1f} s"


def say_outcome(task: AgentTask) -> None:
    style = STYLES.get(AgentTask.Status(task.status), "")
    err.print(printable(f"Task {task.pk} {outcome(task)}"), style=style, markup=False)
