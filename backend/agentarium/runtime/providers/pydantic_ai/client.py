"""The client for providers with their own APIs, through pydantic-ai's model classes.

The library takes seconds to import: the first call loads it, on a thread. Importing
this module does not.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    Delta,
    ModelSettings,
    ToolDefinition,
)

if TYPE_CHECKING:
    from agentarium.runtime.providers.pydantic_ai.calls import PydanticCalls

READ_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class PydanticEndpoint:
    """A provider, by its name in the catalogue, with its key and address."""

    provider: str
    title: str
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    read_timeout: float = READ_TIMEOUT


class PydanticProvider:
    """One provider's connections, bound to the event loop of the first call."""

    def __init__(self, endpoint: PydanticEndpoint) -> None:
        self._endpoint = endpoint
        self._calls: PydanticCalls | None = None
        self._loading = asyncio.Lock()

    def client(self, model: str) -> "PydanticClient":
        return PydanticClient(self, model)

    async def aclose(self) -> None:
        """Close its connections."""
        if self._calls is not None:
            await self._calls.aclose()
            self._calls = None

    async def calls(self) -> "PydanticCalls":
        """The part that uses the library, which the first call loads."""
        async with self._loading:
            if self._calls is None:
                self._calls = await asyncio.to_thread(self._load)
            return self._calls

    def _load(self) -> "PydanticCalls":
        from agentarium.runtime.providers.pydantic_ai.calls import PydanticCalls

        return PydanticCalls(self._endpoint)


class PydanticClient:
    """A `ModelClient` for one model of a `PydanticProvider`."""

    def __init__(self, provider: PydanticProvider, model: str) -> None:
        self._provider = provider
        self._model = model

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """See `ModelClient.stream`."""
        calls = await self._provider.calls()
        stream = calls.stream(self._model, messages, tools, settings)
        async with aclosing(stream) as outputs:
            async for output in outputs:
                yield output
