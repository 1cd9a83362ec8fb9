"""The lists of models that providers offer, fetched now and then and cached."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from django.core.cache import cache

from agentarium.db.sqlite_gate import sqlite_gate
from agentarium.runtime.providers import PROVIDERS, ProviderSpec
from agentarium.runtime.providers.base import ProviderError
from agentarium.runtime.providers.client_factories import openai_endpoint
from agentarium.runtime.providers.config import ProviderConfig
from agentarium.runtime.providers.registry import why_unavailable

TIMEOUT_SECONDS = 2.0
CACHE_SECONDS = 60
# A server that is down may be back at any moment.
FAILURE_CACHE_SECONDS = 10


class Listing(NamedTuple):
    """A provider's models; `names` is None if it has no list or did not respond."""

    names: list[str] | None
    failure: str

    @classmethod
    def from_cache(cls, cached: Any) -> Self:
        return cls(*cached)


def listings(configs: Mapping[str, ProviderConfig]) -> dict[str, Listing]:
    """The listing of each provider with an OpenAI-compatible API, by its name.

    Providers that are not in the cache are called concurrently.
    """
    specs = [
        spec
        for spec in PROVIDERS.values()
        if spec.api == "openai" and not why_unavailable(spec, configs[spec.name])
    ]
    keys = {spec.name: _key(spec, configs[spec.name]) for spec in specs}
    cached = cache.get_many(list(keys.values()))
    known = {
        name: Listing.from_cache(cached[key])
        for name, key in keys.items()
        if key in cached
    }
    missing = [spec for spec in specs if spec.name not in known]
    with sqlite_gate.yield_while_waiting():
        fetched = asyncio.run(_fetch_all(missing, configs)) if missing else {}
    for name, listing in fetched.items():
        seconds = FAILURE_CACHE_SECONDS if listing.failure else CACHE_SECONDS
        cache.set(keys[name], tuple(listing), seconds)
    return known | fetched


async def _fetch_all(
    specs: list[ProviderSpec], configs: Mapping[str, ProviderConfig]
) -> dict[str, Listing]:
    # Imported here, because the import is slow and most programs never need it.
    from agentarium.runtime.providers.http import HttpPool
    from agentarium.runtime.providers.openai.listing import list_models

    pool = HttpPool()

    async def fetch(spec: ProviderSpec) -> Listing:
        endpoint = openai_endpoint(spec, configs[spec.name])
        try:
            names = await list_models(endpoint, pool, within=TIMEOUT_SECONDS)
        except ProviderError as error:
            return Listing(None, error.detail)
        return Listing(names, "")

    try:
        fetched = await asyncio.gather(*(fetch(spec) for spec in specs))
    finally:
        await pool.aclose()
    return {spec.name: listing for spec, listing in zip(specs, fetched, strict=True)}


def _key(spec: ProviderSpec, config: ProviderConfig) -> str:
    """A cache key that depends on the configuration, without revealing the API key."""
    headers = sorted(config.headers.items())
    settings = f"{config.base_url}\n{config.api_key}\n{headers}".encode()
    return f"provider-models:{spec.name}:{hashlib.sha256(settings).hexdigest()}"
