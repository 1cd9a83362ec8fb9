import os
import signal

import pytest

from agentarium.observability import background
from agentarium.streaming import shared
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.tests.eventually import eventually
from agentarium.worker import process
from agentarium.worker.runner import Runner


async def test_ends_the_process_when_its_runner_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_: Runner) -> None:
        raise RuntimeError("Unexpected.")

    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(Runner, "run", fail)
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))

    async def run() -> None:
        async with process.runner_lifespan():
            await eventually("the process to be ended", lambda: signals)

    with pytest.raises(RuntimeError):
        await run()

    assert signals == [(os.getpid(), signal.SIGTERM)]


async def test_starts_a_failed_pubsub_again(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[Exception | None] = [OSError(24, "Too many open files"), None]

    async def run_once(_: LocalPubSub) -> None:
        if error := outcomes.pop(0):
            raise error

    monkeypatch.setattr(type(shared.pubsub()), "run", run_once)
    monkeypatch.setattr(background, "PAUSE_SECONDS", 0.0)

    async with process.pubsub_lifespan():
        await eventually("the second run", lambda: not outcomes)
