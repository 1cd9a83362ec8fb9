"""Whether the providers that are set up accept what is set, by asking for their models."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from agentarium.runtime.providers import ProviderSpec
from agentarium.runtime.providers.base import ProviderError
from agentarium.runtime.providers.client_factories import openai_endpoint
from agentarium.runtime.providers.config import ProviderConfig
from agentarium.runtime.providers.registry import why_unavailable

if TYPE_CHECKING:
    from agentarium.runtime.providers.http import HttpPool

LIMIT_SECONDS = 5.0

# Of those whose API is their own: the path before `/models`, and the key's header.
_ANTHROPIC_VERSION = "2023-06-01"
_OWN: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
    "anthropic": (
        "/v1",
        lambda key: {"x-api-key": key, "anthropic-version": _ANTHROPIC_VERSION},
    ),
    "google": ("/v1beta", lambda key: {"x-goog-api-key": key}),
    "mistral": ("/v1", lambda key: {"Authorization": f"Bearer {key}"}),
}


def check_providers(
    specs: Iterable[ProviderSpec], configs: Mapping[str, ProviderConfig]
) -> dict[str, str]:
    """Why each provider refuses, by its name, asked concurrently; "" if it does not."""
    return asyncio.run(_ask_all(list(specs), configs))


async def _ask_all(
    specs: list[ProviderSpec], configs: Mapping[str, ProviderConfig]
) -> dict[str, str]:
    # Imported here: it takes its time, and most programs never ask.
    from agentarium.runtime.providers.http import HttpPool

    pool = HttpPool()
    try:
        refusals = await asyncio.gather(
            *(_refusal(spec, configs[spec.name], pool) for spec in specs)
        )
    finally:
        await pool.aclose()
    return {spec.name: text for spec, text in zip(specs, refusals, strict=True)}


async def _refusal(spec: ProviderSpec, config: ProviderConfig, pool: "HttpPool") -> str:
    from agentarium.runtime.providers.listing import list_models

    if reason := why_unavailable(spec, config):
        return reason
    endpoint = openai_endpoint(spec, config)
    headers = None
    if own := _OWN.get(spec.name):
        path, headers_with = own
        base_url = endpoint.base_url.rstrip("/").removesuffix(path) + path
        endpoint = replace(endpoint, base_url=base_url)
        headers = headers_with(config.api_key.strip())
    try:
        await list_models(endpoint, pool, within=LIMIT_SECONDS, headers=headers)
    except ProviderError as error:
        return error.detail
    return ""
