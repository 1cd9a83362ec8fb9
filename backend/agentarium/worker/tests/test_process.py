import os
import signal

import pytest

from agentarium.streaming import shared
from agentarium.streaming.pubsub import LocalPubSub
from agentarium.tests.eventually import eventually
from agentarium.worker import process
from agentarium.worker.runner import Runner


async def test_ends_the_process_when_its_runner_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def break_down(_: Runner) -> None:
        raise RuntimeError("Nobody thought of this.")

    told: list[tuple[int, int]] = []
    monkeypatch.setattr(Runner, "run", break_down)
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))

    async def live() -> None:
        async with process.executing():
            await eventually("the process to be ended", lambda: told)

    with pytest.raises(RuntimeError):
        await live()

    assert told == [(os.getpid(), signal.SIGTERM)]


async def test_ends_the_process_when_its_bus_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def break_down(_: LocalPubSub) -> None:
        raise RuntimeError("Nobody thought of this.")

    told: list[tuple[int, int]] = []
    monkeypatch.setattr(type(shared.pubsub()), "run", break_down)
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))

    async def live() -> None:
        async with process.carrying():
            await eventually("the process to be ended", lambda: told)

    with pytest.raises(RuntimeError):
        await live()

    assert told == [(os.getpid(), signal.SIGTERM)]
