import os
import signal

import pytest

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


async def test_ends_the_process_when_its_pubsub_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_: LocalPubSub) -> None:
        raise RuntimeError("Unexpected.")

    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(type(shared.pubsub()), "run", fail)
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))

    async def run() -> None:
        async with process.pubsub_lifespan():
            await eventually("the process to be ended", lambda: signals)

    with pytest.raises(RuntimeError):
        await run()

    assert signals == [(os.getpid(), signal.SIGTERM)]
