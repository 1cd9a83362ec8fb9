"""Checks that the configured providers accept their keys, by listing their models."""

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

_ANTHROPIC_VERSION = "2023-06-01"
# Providers with another API: the path before `/models`, and the headers for a key.
_LIST_ENDPOINTS: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
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
    """Call all providers concurrently; return the error of each by its name, "" if none."""
    return asyncio.run(_check_all(list(specs), configs))


async def _check_all(
    specs: list[ProviderSpec], configs: Mapping[str, ProviderConfig]
) -> dict[str, str]:
    # Imported here, because the import is slow and most programs never need it.
    from agentarium.runtime.providers.http import HttpPool

    pool = HttpPool()
    try:
        errors = await asyncio.gather(
            *(_error(spec, configs[spec.name], pool) for spec in specs)
        )
    finally:
        await pool.aclose()
    return {spec.name: error for spec, error in zip(specs, errors, strict=True)}


async def _error(spec: ProviderSpec, config: ProviderConfig, pool: "HttpPool") -> str:
    from agentarium.runtime.providers.openai.listing import list_models

    if reason := why_unavailable(spec, config):
        return reason
    endpoint = openai_endpoint(spec, config)
    headers = None
    if list_endpoint := _LIST_ENDPOINTS.get(spec.name):
        path, headers_for_key = list_endpoint
        base_url = endpoint.base_url.rstrip("/").removesuffix(path) + path
        endpoint = replace(endpoint, base_url=base_url)
        headers = headers_for_key(config.api_key.strip())
    try:
        await list_models(endpoint, pool, within=LIMIT_SECONDS, headers=headers)
    except ProviderError as error:
        return error.detail
    return ""
