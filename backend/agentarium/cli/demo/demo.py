"""`agentarium demo`: from an empty folder to the last token of a task.

Only the public API is used: what happens here, any program can do.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from agentarium.cli.demo.api_client import ApiClient, ApiError
from agentarium.cli.serving.local_server import LocalServer, ServerError
from agentarium.cli.terminal import fail, print_json, printable, say, waiting
from agentarium.runtime.builtin.weights import find_weights
from agentarium.runtime.providers.catalogue import BUILTIN_MODEL
from agentarium.runtime.providers.config import BuiltinConfig
from agentarium.tasks.event_types import TERMINAL_EVENTS, EventType

# The first start fetches the model's weights, over whatever line there is.
START_SECONDS = 900
MODEL = f"builtin:{BUILTIN_MODEL}"
MAX_OUTPUT_TOKENS = 64


@dataclass(slots=True)
class Outcome:
    """What the demo saw; times are in seconds, those of the task from its asking on."""

    started_in: float
    status: str = ""
    output_text: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    first_token_after: float = 0.0
    finished_after: float = 0.0
    exit_code: int = 0

    @property
    def is_good(self) -> bool:
        has_streamed = self.first_token_after > 0 and self.output_tokens > 0
        return self.status == "completed" and has_streamed and self.exit_code == 0


def run_demo(text: str, *, weights: Path | None, as_json: bool) -> None:
    """Play it through; fail, with the end of the server's log, if anything fails."""
    with tempfile.TemporaryDirectory(prefix="agentarium-demo-") as name:
        server = LocalServer(
            Path(name), settings=_settings(weights), start_seconds=START_SECONDS
        )
        try:
            outcome = _play(server, text, is_silent=as_json)
        except (ApiError, ServerError) as error:
            fail(f"{error}\n--- the server's log ---\n{server.log_tail}")
        if not outcome.is_good:
            say(server.log_tail)
    if as_json:
        print_json(asdict(outcome))
    else:
        _report(outcome)
    if not outcome.is_good:
        fail("The demo has failed.")


def _settings(weights: Path | None) -> dict[str, str]:
    """Where the model's weights are, if they are on this machine already."""
    here = BuiltinConfig(
        data=Path(os.environ.get("AGENTARIUM_DATA", "data")),
        weights=os.environ.get("AGENTARIUM_BUILTIN_MODEL_WEIGHTS", ""),
    )
    found = weights or find_weights(here)
    return {"AGENTARIUM_BUILTIN_MODEL_WEIGHTS": str(found.resolve())} if found else {}


def _play(server: LocalServer, text: str, *, is_silent: bool) -> Outcome:
    began_at = time.monotonic()
    with ExitStack() as stack:
        with waiting("Starting Agentarium in an empty folder"):
            stack.enter_context(server)
        outcome = Outcome(started_in=_since(began_at))
        say(f"Agentarium answers at {server.url} after {outcome.started_in} s.")
        _ask(_sign_in(ApiClient(server.url)), text, outcome, is_silent=is_silent)
        outcome.exit_code = server.stop()
    return outcome


def _sign_in(api: ApiClient) -> ApiClient:
    """Make an account, and go on with an API token of it."""
    account = {"username": "demo", "password": secrets.token_urlsafe(16)}
    api.post("/api/auth/register/", email="demo@example.com", **account)
    pair = api.post("/api/auth/token/", **account)
    made = api.signed_in(pair["access"]).post(
        "/api/tokens/", name="Demo", scopes=["read", "run", "write"]
    )
    return api.signed_in(made["token"])


def _ask(api: ApiClient, text: str, outcome: Outcome, *, is_silent: bool) -> None:
    """Run one task, and note what comes of it."""
    agent = api.post(
        "/api/agents/",
        name="Demo",
        model=MODEL,
        instructions="You are a helpful assistant. Answer clearly and briefly.",
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )
    say(f"Asking {MODEL}: {text}")
    asked_at = time.monotonic()
    task = api.post("/api/tasks/run/", agent=agent["id"], input_text=text)
    for piece in _text_of(api, task["id"]):
        outcome.first_token_after = outcome.first_token_after or _since(asked_at)
        if not is_silent:
            typer.echo(printable(piece), nl=False)
    outcome.finished_after = _since(asked_at)
    if not is_silent:
        typer.echo()
    ended = api.get(f"/api/tasks/{task['id']}/")
    for name in ("status", "output_text", "input_tokens", "output_tokens"):
        setattr(outcome, name, ended[name])
    if ended["error_code"]:
        say(f"{ended['error_code']}: {ended['error_detail']}", style="red")


def _text_of(api: ApiClient, task_id: int) -> Iterator[str]:
    """The task's text, piece by piece as it is made, until the task ends."""
    cursor = ""
    while True:
        for event in api.events(f"/api/tasks/{task_id}/events/", after=cursor):
            cursor = event.id
            if event.type == EventType.TEXT_DELTA:
                yield event.data["text"]
            elif event.type in TERMINAL_EVENTS:
                return


def _report(outcome: Outcome) -> None:
    say(
        f"{outcome.status}: {outcome.input_tokens} tokens in, "
        f"{outcome.output_tokens} out; the first after {outcome.first_token_after} s, "
        f"the last after {outcome.finished_after} s. "
        f"The server ended with {outcome.exit_code}.",
        style="green" if outcome.is_good else "red",
    )


def _since(moment: float) -> float:
    return round(time.monotonic() - moment, 2)
