"""The price of a model: the operator's setting, or else the published price."""

import asyncio
import time

from django.conf import settings

from agentarium.providers import price_book
from agentarium.runtime.prices import FREE, Price
from agentarium.runtime.providers import PROVIDERS
from agentarium.runtime.providers.catalogue import split_model

# Some prices change on a date, and some vary with the time of day.
CACHE_SECONDS = 900


def price_of(model: str, *, answered_by: str = "") -> Price | None:
    """The price of the model `provider:name`; None if it is not known.

    `answered_by` is the model's name in the provider's response, which can be more
    specific than an alias or the name of a deployment. The first call may take half a
    second, to load the price book.
    """
    provider, name = split_model(model)
    if price := _operator_price(provider, name):
        return price
    if provider not in PROVIDERS:
        return None
    period = int(time.time() // CACHE_SECONDS)
    source = price_book.PriceSource.of(
        PROVIDERS[provider], settings.PROVIDERS[provider]["base_url"]
    )
    for candidate in (answered_by, name):
        if candidate and (price := price_book.look_up(source, candidate, period)):
            return price
    return None


async def find_price(model: str, *, answered_by: str = "") -> Price | None:
    """Like `price_of`, but loads the price book without blocking the event loop."""
    if price_book.is_loaded() or _operator_price(*split_model(model)):
        return price_of(model, answered_by=answered_by)
    return await asyncio.to_thread(price_of, model, answered_by=answered_by)


def _operator_price(provider: str, name: str) -> Price | None:
    for key in (f"{provider}:{name}", f"{provider}:*"):
        if price := settings.PRICES.get(key):
            return price
    return FREE if provider == "builtin" else None
