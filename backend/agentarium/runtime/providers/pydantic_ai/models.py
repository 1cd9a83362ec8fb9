"""Builds pydantic-ai's model objects, each for one key and one address.

Imported on first use only; see `client`.
"""

from collections.abc import Callable

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from agentarium.runtime.providers.pydantic_ai.client import PydanticEndpoint

Builder = Callable[[PydanticEndpoint, str, httpx2.AsyncClient], Model]


def build_model(
    endpoint: PydanticEndpoint, name: str, http_client: httpx2.AsyncClient
) -> Model:
    """The library's object for a model, with its own retries turned off."""
    return _BUILDERS[endpoint.provider](endpoint, name, http_client)


def _anthropic(
    endpoint: PydanticEndpoint, name: str, http_client: httpx2.AsyncClient
) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        http_client=http_client,
        max_retries=0,
    )
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


def _google(
    endpoint: PydanticEndpoint, name: str, http_client: httpx2.AsyncClient
) -> Model:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(
        api_key=endpoint.api_key, base_url=endpoint.base_url, http_client=http_client
    )
    return GoogleModel(name, provider=provider)


def _mistral(
    endpoint: PydanticEndpoint, name: str, http_client: httpx2.AsyncClient
) -> Model:
    from pydantic_ai.models.mistral import MistralModel
    from pydantic_ai.providers.mistral import MistralProvider

    provider = MistralProvider(
        api_key=endpoint.api_key, base_url=endpoint.base_url, http_client=http_client
    )
    # Otherwise the library's own timeout overrides the HTTP client's.
    settings = ModelSettings(timeout=endpoint.read_timeout)
    return MistralModel(name, provider=provider, settings=settings)


_BUILDERS: dict[str, Builder] = {
    "anthropic": _anthropic,
    "google": _google,
    "mistral": _mistral,
}
