"""What a model costs: as the operator says, else as the price book has it."""

import asyncio
import time

from django.conf import settings

from agentarium.providers import price_book
from agentarium.runtime.prices import FREE, Price
from agentarium.runtime.providers import PROVIDERS
from agentarium.runtime.providers.catalogue import split_model

# Some prices change on a date, and some with the time of day.
KEPT_SECONDS = 900


def price_of(model: str, *, answered_by: str = "") -> Price | None:
    """The price of the model that is called `model` here; None where nobody knows.

    `answered_by` is the name that the provider gave with its answer: it may tell more
    than an alias, or than the name of a deployment. The first look into the book takes
    the time of reading it.
    """
    provider, name = split_model(model)
    if told := _told(provider, name):
        return told
    if provider not in PROVIDERS:
        return None
    period = int(time.time() // KEPT_SECONDS)
    place = price_book.Place.of(
        PROVIDERS[provider], settings.PROVIDERS[provider]["base_url"]
    )
    for each in (answered_by, name):
        if each and (price := price_book.look_up(place, each, period)):
            return price
    return None


async def find_price(model: str, *, answered_by: str = "") -> Price | None:
    """`price_of`, without keeping an event loop waiting for the book."""
    if price_book.is_read() or _told(*split_model(model)):
        return price_of(model, answered_by=answered_by)
    return await asyncio.to_thread(price_of, model, answered_by=answered_by)


def _told(provider: str, name: str) -> Price | None:
    for known in (f"{provider}:{name}", f"{provider}:*"):
        if price := settings.PRICES.get(known):
            return price
    return FREE if provider == "builtin" else None
