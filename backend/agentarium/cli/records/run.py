"""`agentarium run`: submit a task, and follow its output."""

import sys
import time
from contextlib import ExitStack

import typer

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.cli.administration.users import find_user
from agentarium.cli.records.tasks import find_task, say_outcome, task_json
from agentarium.cli.terminal import (
    FAILED,
    MISUSED,
    err,
    fail,
    print_json,
    printable,
    say,
)
from agentarium.streaming.event_log import StreamEvent, read_log
from agentarium.streaming.stream_cursor import StreamCursor
from agentarium.task_api.serializers import TaskRunSerializer
from agentarium.tasks.event_types import EventType
from agentarium.tasks.models import AgentTask, Worker
from agentarium.tasks.services import submit_task

# The output is read from the database, where workers store it a few times a second.
POLL_SECONDS = 0.2
INTERRUPTED = 130


def run_agent(
    agent: str, input_text: str, *, user: str, is_followed: bool, as_json: bool
) -> None:
    """Submit a task. Exits with 1 if the task, when followed, did not complete."""
    owner = find_user(user)
    found = _find_agent(owner, agent)
    text = _validated_input(found, read_input(input_text))
    task = submit_task(agent=found, input_text=text, owner=owner)
    if not Worker.objects.alive().exists():
        say(
            "No worker is running, so the task stays pending: start `agentarium up`, "
            "or `agentarium worker` if you use a broker.",
            style="yellow",
        )
    if is_followed:
        _follow(task, is_silent=as_json)
    task = find_task(owner, task.pk)
    if as_json:
        print_json(task_json(task, list(task.steps.all())))
    elif is_followed:
        say_outcome(task)
    else:
        say(
            f"Task {task.pk} is {task.status}: run `agentarium task {task.pk}` to see it."
        )
    if task.is_ended and task.status != AgentTask.Status.COMPLETED:
        raise typer.Exit(FAILED)


def read_input(text: str) -> str:
    """Return the text, or all of stdin if the text is a dash."""
    return sys.stdin.buffer.read().decode(errors="replace") if text == "-" else text


def _validated_input(agent: Agent, text: str) -> str:
    """Validate the text as the API does."""
    serializer = TaskRunSerializer(data={"agent": agent.pk, "input_text": text})
    if not serializer.is_valid():
        fail(f"The input is not valid: {serializer.errors['input_text'][0]}", MISUSED)
    validated: str = serializer.validated_data["input_text"]
    return validated


def _find_agent(owner: User, name: str) -> Agent:
    """Find an agent by its id or, if no id matches, by its exact name."""
    agents = Agent.objects.visible_to(owner).kept()
    found = list(agents.filter(pk=int(name))) if name.isdecimal() else []
    found = found or list(agents.filter(name=name)[:2])
    if not found:
        fail(f'{owner.username} has no agent "{name}": see `agentarium agents`.')
    if len(found) > 1:
        fail(f'Several agents have the name "{name}": use the id of one.', MISUSED)
    return found[0]


def _follow(task: AgentTask, *, is_silent: bool) -> None:
    """Write the task's text to stdout as it is stored, until the task has ended."""
    try:
        _watch(task, is_silent=is_silent)
    except KeyboardInterrupt:
        say(
            f"\nStopped following; task {task.pk} keeps running. "
            f"Run `agentarium task {task.pk}` to see it."
        )
        raise typer.Exit(INTERRUPTED) from None


def _watch(task: AgentTask, *, is_silent: bool) -> None:
    cursor = StreamCursor.parse("")
    with ExitStack() as stack:
        stack.enter_context(err.status("Waiting for the first output"))
        while True:
            log = read_log(task.pk, cursor)
            for event in log.entries:
                cursor = event.cursor
                if not is_silent and event.type != EventType.REASONING_DELTA:
                    _show(event, stack)
            if log.is_complete:
                return
            if not log.entries:
                time.sleep(POLL_SECONDS)


def _show(event: StreamEvent, spinner: ExitStack) -> None:
    if event.type == EventType.TEXT_DELTA:
        spinner.close()
        typer.echo(printable(event.data["text"]), nl=False)
    elif event.type == EventType.STEP_COMPLETED:
        typer.echo()
    elif event.type == EventType.ATTEMPT_STARTED and event.data["attempt"] > 1:
        spinner.close()
        say("\nThe worker was lost: another one restarts this step.", style="yellow")
