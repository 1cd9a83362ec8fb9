"""Starts and stops the process of the built-in model."""

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
from agentarium.runtime.providers.openai.client import OpenAIEndpoint

TITLE = "The built-in model"
SLOTS = 4
CONTEXT = 8192
START_TIMEOUT = 60.0
READ_TIMEOUT = 180.0
_STOP_TIMEOUT = 5.0
_MAX_REPLY_BYTES = 4096
_SERVER = "agentarium.runtime.builtin.server"
# The process must not inherit the keys in our environment.
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


class BuiltinProcess:
    """One running server of the model. Create it with `start`."""

    def __init__(
        self, process: asyncio.subprocess.Process, endpoint: OpenAIEndpoint
    ) -> None:
        self._process = process
        self.endpoint = endpoint

    @classmethod
    async def start(cls, config: BuiltinConfig) -> "BuiltinProcess":
        """Start the process and wait until the model is loaded.

        Raises `ProviderError` if that fails or takes too long.
        """
        weights = find_weights(config)
        if weights is None:
            raise ProviderError(
                ProviderErrorCode.MODEL_UNAVAILABLE,
                "The weights of the built-in model are missing.",
            )
        api_key = secrets.token_urlsafe(32)
        process = await _spawn()
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(_stop, process)
            url = await _wait_until_loaded(
                process, _parameters(config, weights, api_key)
            )
            on_failure.pop_all()
        endpoint = OpenAIEndpoint(
            TITLE,
            f"{url}/v1",
            api_key,
            READ_TIMEOUT,
            keeps_connections=False,
            name="builtin",
        )
        return cls(process, endpoint)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process is running."""
        return self._process.returncode

    async def has_exited(self, *, within: float) -> bool:
        """Whether the process has exited, or exits within this many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._process.wait()
        return self.exit_code is not None

    async def aclose(self) -> None:
        """Stop the process, and wait until it has exited."""
        await _stop(self._process)


async def _spawn() -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    package = Path(agentarium.__file__).parent.parent
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _SERVER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment | {"PYTHONPATH": str(package)},
        # Ctrl-C in a terminal must reach only us; we stop the process ourselves.
        start_new_session=True,
    )


def _parameters(config: BuiltinConfig, weights: Path, api_key: str) -> dict[str, Any]:
    return {
        "parent": os.getpid(),
        "weights": str(weights),
        "name": BUILTIN_MODEL,
        "api_key": api_key,
        "context": CONTEXT,
        "slots": SLOTS,
        "threads": config.threads,
    }


async def _wait_until_loaded(
    process: asyncio.subprocess.Process, parameters: dict[str, Any]
) -> str:
    """Send the parameters, and return the address once the server is ready.

    They include a key. They go through a pipe because every user of the machine can
    read command lines.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_TIMEOUT):
            process.stdin.write(orjson.dumps(parameters) + b"\n")
            # If the process has already exited, the empty reply shows it.
            with suppress(ConnectionError):
                await process.stdin.drain()
            reply = await process.stdout.read(_MAX_REPLY_BYTES)
    except TimeoutError:
        raise _not_started(f"it took more than {START_TIMEOUT:g} seconds") from None
    if not reply:
        code = await process.wait()
        raise _not_started(f"its process stopped with exit code {code}")
    result = orjson.loads(reply)
    if "url" not in result:
        raise _not_started(result["error"])
    return str(result["url"])


def _not_started(reason: str) -> ProviderError:
    return ProviderError(
        ProviderErrorCode.UNAVAILABLE, f"{TITLE} did not start: {reason}"
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close the input, at which the process exits; kill it if it does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
