"""The client for the built-in model."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from agentarium.runtime.builtin.process import SLOTS, TITLE, BuiltinProcess
from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    Delta,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ToolDefinition,
)
from agentarium.runtime.providers.config import BuiltinConfig
from agentarium.runtime.providers.http import HttpPool
from agentarium.runtime.providers.openai.client import OpenAIClient

# A model this small may never stop by itself.
MAX_OUTPUT_TOKENS = 1024
# After a failed start, the next one waits this long, so that it does not fail for each
# of a thousand waiting tasks in turn.
_PAUSE_AFTER_FAILURE = 5.0
_EXIT_TIMEOUT = 1.0


class BuiltinModel:
    """The model's process, started on first use and restarted after it has exited."""

    def __init__(self, config: BuiltinConfig) -> None:
        self._config = config
        self._pool = HttpPool()
        self._process: BuiltinProcess | None = None
        self._failed: ProviderError | None = None
        self._failed_at = 0.0
        self._starting = asyncio.Lock()
        # Calls wait here for a free slot, so that their read timeout does not run yet.
        self.slots = asyncio.Semaphore(SLOTS)

    def client(self, name: str) -> "BuiltinClient":
        return BuiltinClient(self, name)

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        return self._process.pid if self._process else None

    async def running(self) -> BuiltinProcess:
        """The running process. Concurrent callers wait for the same start."""
        async with self._starting:
            if self._process is None or self._process.exit_code is not None:
                self._process = await self._start()
            return self._process

    async def _start(self) -> BuiltinProcess:
        now = asyncio.get_running_loop().time()
        if self._failed and now - self._failed_at < _PAUSE_AFTER_FAILURE:
            raise self._failed
        try:
            process = await BuiltinProcess.start(self._config)
        except ProviderError as error:
            self._failed = error
            self._failed_at = asyncio.get_running_loop().time()
            raise
        self._failed = None
        return process

    def openai_client(self, process: BuiltinProcess, name: str) -> OpenAIClient:
        return OpenAIClient(process.endpoint, name, self._pool)

    async def aclose(self) -> None:
        """Stop the process. Calls in progress fail."""
        async with self._starting:
            if self._process is not None:
                await self._process.aclose()
                self._process = None
        await self._pool.aclose()


class BuiltinClient:
    """A `ModelClient` for the built-in model."""

    def __init__(self, model: BuiltinModel, name: str) -> None:
        self._model = model
        self._name = name

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """See `ModelClient.stream`."""
        if settings.max_output_tokens is None:
            settings = replace(settings, max_output_tokens=MAX_OUTPUT_TOKENS)
        async with self._model.slots:
            process = await self._model.running()
            client = self._model.openai_client(process, self._name)
            stream = client.stream(messages, tools=tools, settings=settings)
            try:
                async with aclosing(stream) as outputs:
                    async for output in outputs:
                        yield output
            except ProviderError as error:
                raise await _explained(error, process) from None


async def _explained(error: ProviderError, process: BuiltinProcess) -> ProviderError:
    """Name the exit of the process as the reason, if it caused the error."""
    is_unavailable = error.code == ProviderErrorCode.UNAVAILABLE
    if is_unavailable and await process.has_exited(within=_EXIT_TIMEOUT):
        return ProviderError(
            ProviderErrorCode.UNAVAILABLE,
            f"{TITLE}'s process stopped (exit code {process.exit_code}).",
            is_transient=True,
        )
    return error
