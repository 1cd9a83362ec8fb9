import asyncio
import os
import signal

import pytest
from pytest import MonkeyPatch

from agentarium.worker import process
from agentarium.worker.runner import Runner


async def test_ends_the_process_when_its_runner_breaks(
    monkeypatch: MonkeyPatch,
) -> None:
    async def break_down(_: Runner) -> None:
        raise RuntimeError("Nobody thought of this.")

    told: list[tuple[int, int]] = []
    monkeypatch.setattr(Runner, "run", break_down)
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))

    with pytest.raises(RuntimeError):
        async with process.executing(), asyncio.timeout(15):
            while not told:
                await asyncio.sleep(0)

    assert told == [(os.getpid(), signal.SIGTERM)]
