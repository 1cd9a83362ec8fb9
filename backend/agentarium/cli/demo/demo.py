"""`agentarium demo`: from an empty folder to the last token of a task.

It uses the public API only, so any program can do the same.
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

# The first start downloads the model's weights, possibly over a slow connection.
START_SECONDS = 900
MODEL = f"builtin:{BUILTIN_MODEL}"
MAX_OUTPUT_TOKENS = 64


@dataclass(slots=True)
class Outcome:
    """Result of the demo. Times are in seconds, the task's since it was submitted."""

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
    """Run the demo; if anything fails, exit with the tail of the server's log."""
    with tempfile.TemporaryDirectory(prefix="agentarium-demo-") as name:
        server = LocalServer(
            Path(name), settings=_settings(weights), start_seconds=START_SECONDS
        )
        try:
            outcome = _run(server, text, is_silent=as_json)
        except (ApiError, ServerError) as error:
            fail(f"{error}\n--- the server's log ---\n{server.log_tail}")
        if not outcome.is_good:
            say(server.log_tail)
    if as_json:
        print_json(asdict(outcome))
    else:
        _report(outcome)
    if not outcome.is_good:
        fail("The demo failed.")


def _settings(weights: Path | None) -> dict[str, str]:
    """Reuse the model's weights if they are on this machine already."""
    config = BuiltinConfig(
        data=Path(os.environ.get("AGENTARIUM_DATA", "data")),
        weights=os.environ.get("AGENTARIUM_BUILTIN_MODEL_WEIGHTS", ""),
    )
    found = weights or find_weights(config)
    return {"AGENTARIUM_BUILTIN_MODEL_WEIGHTS": str(found.resolve())} if found else {}


def _run(server: LocalServer, text: str, *, is_silent: bool) -> Outcome:
    started_at = time.monotonic()
    with ExitStack() as stack:
        with waiting("Starting Agentarium in an empty folder"):
            stack.enter_context(server)
        outcome = Outcome(started_in=_since(started_at))
        say(f"Agentarium started at {server.url} in {outcome.started_in} s.")
        _run_task(_sign_in(ApiClient(server.url)), text, outcome, is_silent=is_silent)
        outcome.exit_code = server.stop()
    return outcome


def _sign_in(api: ApiClient) -> ApiClient:
    """Create an account, and return a client with an API token of it."""
    account = {"username": "demo", "password": secrets.token_urlsafe(16)}
    api.post("/api/auth/register/", email="demo@example.com", **account)
    pair = api.post("/api/auth/token/", **account)
    created = api.with_token(pair["access"]).post(
        "/api/tokens/", name="Demo", scopes=["read", "run", "write"]
    )
    return api.with_token(created["token"])


def _run_task(api: ApiClient, text: str, outcome: Outcome, *, is_silent: bool) -> None:
    """Run one task, and fill in the outcome."""
    agent = api.post(
        "/api/agents/",
        name="Demo",
        model=MODEL,
        instructions="You are a helpful assistant. Answer clearly and briefly.",
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )
    say(f"Input for {MODEL}: {text}")
    submitted_at = time.monotonic()
    task = api.post("/api/tasks/run/", agent=agent["id"], input_text=text)
    for delta in _stream_text(api, task["id"]):
        outcome.first_token_after = outcome.first_token_after or _since(submitted_at)
        if not is_silent:
            typer.echo(printable(delta), nl=False)
    outcome.finished_after = _since(submitted_at)
    if not is_silent:
        typer.echo()
    ended = api.get(f"/api/tasks/{task['id']}/")
    for name in ("status", "output_text", "input_tokens", "output_tokens"):
        setattr(outcome, name, ended[name])
    if ended["error_code"]:
        say(f"{ended['error_code']}: {ended['error_detail']}", style="red")


def _stream_text(api: ApiClient, task_id: int) -> Iterator[str]:
    """Yield the task's text deltas as they are streamed, until the task ends."""
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
        f"{outcome.output_tokens} out; first after {outcome.first_token_after} s, "
        f"last after {outcome.finished_after} s. "
        f"The server stopped with exit code {outcome.exit_code}.",
        style="green" if outcome.is_good else "red",
    )


def _since(start: float) -> float:
    return round(time.monotonic() - start, 2)
