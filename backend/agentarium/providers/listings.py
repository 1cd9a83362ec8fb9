"""What providers say that they have, asked now and then."""

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

LIMIT_SECONDS = 2.0
KEPT_SECONDS = 60
# A server that did not answer may be back any moment.
FAILURE_KEPT_SECONDS = 10


class Listing(NamedTuple):
    """A provider's models; none where it has no list, or did not answer."""

    names: list[str] | None
    failure: str

    @classmethod
    def of(cls, cached: Any) -> Self:
        return cls(*cached)


def listings(configs: Mapping[str, ProviderConfig]) -> dict[str, Listing]:
    """The listing of each provider that can be asked, by its name.

    From the cache, else from all that are missing at once.
    """
    specs = [
        spec
        for spec in PROVIDERS.values()
        if spec.api == "openai" and not why_unavailable(spec, configs[spec.name])
    ]
    keys = {spec.name: _key(spec, configs[spec.name]) for spec in specs}
    cached = cache.get_many(list(keys.values()))
    known = {
        name: Listing.of(cached[key]) for name, key in keys.items() if key in cached
    }
    missing = [spec for spec in specs if spec.name not in known]
    with sqlite_gate.yield_while_waiting():
        asked = asyncio.run(_ask_all(missing, configs)) if missing else {}
    for name, listing in asked.items():
        kept = FAILURE_KEPT_SECONDS if listing.failure else KEPT_SECONDS
        cache.set(keys[name], tuple(listing), kept)
    return known | asked


async def _ask_all(
    specs: list[ProviderSpec], configs: Mapping[str, ProviderConfig]
) -> dict[str, Listing]:
    # Imported here: it takes its time, and most programs never ask.
    from agentarium.runtime.providers.http import HttpPool
    from agentarium.runtime.providers.listing import list_models

    pool = HttpPool()

    async def ask(spec: ProviderSpec) -> Listing:
        endpoint = openai_endpoint(spec, configs[spec.name])
        try:
            names = await list_models(endpoint, pool, within=LIMIT_SECONDS)
        except ProviderError as error:
            return Listing(None, error.detail)
        return Listing(names, "")

    try:
        answers = await asyncio.gather(*(ask(spec) for spec in specs))
    finally:
        await pool.aclose()
    return {spec.name: answer for spec, answer in zip(specs, answers, strict=True)}


def _key(spec: ProviderSpec, config: ProviderConfig) -> str:
    """A key that changes with what is asked, and does not tell a secret."""
    told = f"{config.base_url}\n{config.api_key}".encode()
    return f"provider-models:{spec.name}:{hashlib.sha256(told).hexdigest()}"
