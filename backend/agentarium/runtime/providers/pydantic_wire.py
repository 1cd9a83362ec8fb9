"""The wires of other providers, through pydantic-ai's model classes.

The library takes seconds to import: it is loaded at the first call, on a thread, and
never by importing this module.
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
    from agentarium.runtime.providers.pydantic_calls import PydanticModel

READ_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class PydanticEndpoint:
    """A provider by its name in the catalogue, and how it is reached."""

    provider: str
    title: str
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    read_timeout: float = READ_TIMEOUT


class PydanticClient:
    """A `ModelClient` for one model, bound to the event loop of its first call."""

    def __init__(self, endpoint: PydanticEndpoint, model: str) -> None:
        self._endpoint = endpoint
        self._name = model
        self._model: PydanticModel | None = None
        self._loading = asyncio.Lock()

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolDefinition] = (),
        settings: ModelSettings = PROVIDER_DEFAULTS,
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        """See `ModelClient.stream`."""
        model = await self._loaded()
        async with aclosing(model.stream(messages, tools, settings)) as pieces:
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        """Close its connections."""
        if self._model is not None:
            await self._model.aclose()

    async def _loaded(self) -> "PydanticModel":
        async with self._loading:
            if self._model is None:
                self._model = await asyncio.to_thread(self._load)
            return self._model

    def _load(self) -> "PydanticModel":
        from agentarium.runtime.providers.pydantic_calls import PydanticModel

        return PydanticModel(self._endpoint, self._name)
