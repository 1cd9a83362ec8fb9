"""The built-in model's process, as whoever started it sees it."""

import asyncio
import os
import secrets
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import orjson

import agentarium
from agentarium.runtime.builtin.weights import find_weights
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.runtime.providers.catalogue import BUILTIN_MODEL
from agentarium.runtime.providers.config import BuiltinConfig
from agentarium.runtime.providers.openai_client import OpenAIEndpoint

TITLE = "The built-in model"
SLOTS = 4
CONTEXT = 8192
START_TIMEOUT = 60.0
READ_TIMEOUT = 180.0
_STOP_TIMEOUT = 5.0
_MAX_ANSWER = 4096
_SERVER = "agentarium.runtime.builtin.server"
# The child has no need of the keys that lie in our environment.
_PASSED_ON = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


class BuiltinProcess:
    """One running server of the model; `start` is the way to have one."""

    def __init__(
        self, process: asyncio.subprocess.Process, endpoint: OpenAIEndpoint
    ) -> None:
        self._process = process
        self.endpoint = endpoint

    @classmethod
    async def start(cls, config: BuiltinConfig) -> "BuiltinProcess":
        """Start it and wait until the model is loaded.

        Raises `ProviderError` with the reason where that fails or takes too long.
        """
        weights = find_weights(config)
        if weights is None:
            raise ProviderError(
                ProviderErrorCode.MODEL_UNAVAILABLE,
                "The weights of the built-in model are missing.",
            )
        api_key = secrets.token_urlsafe(32)
        process = await _spawn()
        async with AsyncExitStack() as undo:
            undo.push_async_callback(_end, process)
            url = await _loaded(process, _order(config, weights, api_key))
            undo.pop_all()
        endpoint = OpenAIEndpoint(
            TITLE, f"{url}/v1", api_key, READ_TIMEOUT, is_reusable=False
        )
        return cls(process, endpoint)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; nothing while it runs."""
        return self._process.returncode

    async def has_ended(self, *, within: float) -> bool:
        """Whether it has ended, or does so within some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._process.wait()
        return self.exit_code is not None

    async def aclose(self) -> None:
        """End it, and wait until it has ended."""
        await _end(self._process)


async def _spawn() -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    package = Path(agentarium.__file__).parent.parent
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _SERVER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment | {"PYTHONPATH": str(package)},
        # Ctrl-C in a terminal is for us; we end it in our own time.
        start_new_session=True,
    )


def _order(config: BuiltinConfig, weights: Path, api_key: str) -> dict[str, Any]:
    return {
        "parent": os.getpid(),
        "weights": str(weights),
        "name": BUILTIN_MODEL,
        "api_key": api_key,
        "context": CONTEXT,
        "slots": SLOTS,
        "threads": config.threads,
    }


async def _loaded(process: asyncio.subprocess.Process, order: dict[str, Any]) -> str:
    """The address of the server, once it can answer.

    The order goes through a pipe: a command line is for every user to read.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_TIMEOUT):
            process.stdin.write(orjson.dumps(order) + b"\n")
            # Where it has ended already, its silence says so.
            with suppress(ConnectionError):
                await process.stdin.drain()
            answer = await process.stdout.read(_MAX_ANSWER)
    except TimeoutError:
        raise _not_started(f"it took more than {START_TIMEOUT:g} seconds") from None
    if not answer:
        code = await process.wait()
        raise _not_started(f"its process stopped with exit code {code}")
    told = orjson.loads(answer)
    if "url" not in told:
        raise _not_started(told["error"])
    return str(told["url"])


def _not_started(reason: str) -> ProviderError:
    return ProviderError(
        ProviderErrorCode.UNAVAILABLE, f"{TITLE} did not start: {reason}"
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, which it ends with; kill it where it does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
