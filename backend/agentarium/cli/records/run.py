"""`agentarium run`: submit a task, and watch it from here."""

import sys
import time
from contextlib import ExitStack

import typer

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.cli.administration.users import the_user
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

# What is shown is what is stored: a worker stores a few times a second.
LOOK_SECONDS = 0.2
INTERRUPTED = 130


def run_agent(
    agent: str, input_text: str, *, user: str, is_followed: bool, as_json: bool
) -> None:
    """Submit the task; followed, end with the code that says how it ended."""
    owner = the_user(user)
    found = _find_agent(owner, agent)
    text = _checked(found, read_input(input_text))
    task = submit_task(agent=found, input_text=text, owner=owner)
    if not Worker.objects.alive().exists():
        say(
            "No worker is running, so the task waits: start `agentarium up` (or, "
            "beside a broker, `agentarium worker`).",
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
            f"Task {task.pk} is {task.status}: see it with `agentarium task {task.pk}`."
        )
    if task.is_ended and task.status != AgentTask.Status.COMPLETED:
        raise typer.Exit(FAILED)


def read_input(text: str) -> str:
    """The text, or all of stdin in the place of a dash."""
    return sys.stdin.buffer.read().decode(errors="replace") if text == "-" else text


def _checked(agent: Agent, text: str) -> str:
    """The text as the API would take it."""
    asked = TaskRunSerializer(data={"agent": agent.pk, "input_text": text})
    if not asked.is_valid():
        fail(f"The input is refused: {asked.errors['input_text'][0]}", MISUSED)
    checked: str = asked.validated_data["input_text"]
    return checked


def _find_agent(owner: User, name: str) -> Agent:
    """By id, else by exact name."""
    agents = Agent.objects.visible_to(owner).kept()
    found = list(agents.filter(pk=int(name))) if name.isdecimal() else []
    found = found or list(agents.filter(name=name)[:2])
    if not found:
        fail(f"{owner.username} has no agent {name}: see `agentarium agents`.")
    if len(found) > 1:
        fail(f"Several agents have the name {name}: give the id of one.", MISUSED)
    return found[0]


def _follow(task: AgentTask, *, is_silent: bool) -> None:
    """Return when the task has ended; write its text to stdout as it is stored."""
    try:
        _watch(task, is_silent=is_silent)
    except KeyboardInterrupt:
        say(
            f"\nNo longer watching; task {task.pk} goes on. "
            f"See it with `agentarium task {task.pk}`."
        )
        raise typer.Exit(INTERRUPTED) from None


def _watch(task: AgentTask, *, is_silent: bool) -> None:
    cursor = StreamCursor.parse("")
    with ExitStack() as stack:
        stack.enter_context(err.status("Waiting for the first words"))
        while True:
            log = read_log(task.pk, cursor)
            for entry in log.entries:
                cursor = entry.cursor
                if not is_silent and entry.type != EventType.REASONING_DELTA:
                    _show(entry, stack)
            if log.is_whole:
                return
            if not log.entries:
                time.sleep(LOOK_SECONDS)


def _show(entry: StreamEvent, waiting: ExitStack) -> None:
    if entry.type == EventType.TEXT_DELTA:
        waiting.close()
        typer.echo(printable(entry.data["text"]), nl=False)
    elif entry.type == EventType.STEP_COMPLETED:
        typer.echo()
    elif entry.type == EventType.ATTEMPT_STARTED and entry.data["attempt"] > 1:
        waiting.close()
        say("\nThe worker was lost: another begins this step again.", style="yellow")
