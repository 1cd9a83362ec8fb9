"""Create clients for the models of a provider, and own what those clients share.

That is a connection pool, a library or a process. The modules of a client are imported
when it is first needed, so that a program that calls no model does not load them.
"""

from typing import TYPE_CHECKING, Protocol

from agentarium.runtime.providers.base import ModelClient
from agentarium.runtime.providers.catalogue import ProviderSpec
from agentarium.runtime.providers.config import BuiltinConfig, ProviderConfig

if TYPE_CHECKING:
    from agentarium.runtime.providers.openai.client import OpenAIEndpoint


class ClientFactory(Protocol):
    """Creates clients for the models of one provider."""

    def client(self, model: str) -> ModelClient: ...

    async def aclose(self) -> None:
        """Close what the clients share. Calls in progress fail."""
        ...


def openai_endpoint(spec: ProviderSpec, config: ProviderConfig) -> "OpenAIEndpoint":
    """The configured endpoint of a provider with an OpenAI-compatible API."""
    from agentarium.runtime.providers.openai.client import OpenAIEndpoint

    return OpenAIEndpoint(
        title=spec.title,
        base_url=spec.url(config.base_url),
        api_key=config.api_key,
        reasoning_field=spec.reasoning_field,
        name=spec.name,
        headers=config.headers,
    )


class OpenAIClientFactory:
    def __init__(self, spec: ProviderSpec, config: ProviderConfig) -> None:
        from agentarium.runtime.providers.http import HttpPool

        self._pool = HttpPool()
        self._endpoint = openai_endpoint(spec, config)

    def client(self, model: str) -> ModelClient:
        from agentarium.runtime.providers.openai.client import OpenAIClient

        return OpenAIClient(self._endpoint, model, self._pool)

    async def aclose(self) -> None:
        await self._pool.aclose()


class PydanticClientFactory:
    def __init__(self, spec: ProviderSpec, config: ProviderConfig) -> None:
        from agentarium.runtime.providers.pydantic_ai.client import (
            PydanticEndpoint,
            PydanticProvider,
        )

        self._provider = PydanticProvider(
            PydanticEndpoint(
                provider=spec.name,
                title=spec.title,
                api_key=config.api_key,
                base_url=spec.url(config.base_url),
            )
        )

    def client(self, model: str) -> ModelClient:
        return self._provider.client(model)

    async def aclose(self) -> None:
        await self._provider.aclose()


class BuiltinClientFactory:
    def __init__(self, config: BuiltinConfig) -> None:
        from agentarium.runtime.builtin.client import BuiltinModel

        self._model = BuiltinModel(config)

    def client(self, model: str) -> ModelClient:
        return self._model.client(model)

    async def aclose(self) -> None:
        await self._model.aclose()
