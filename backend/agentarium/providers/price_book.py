"""The published prices of models, from the library that collects them."""

import threading
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Self

from agentarium.runtime.prices import Price, Rates, Tier
from agentarium.runtime.providers import ProviderSpec

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, PriceCalculation, TieredPrices

    Listed = Decimal | TieredPrices | None

MAX_KEPT = 4096
# Ours -> the library's, where they differ.
_NAMES = {"xai": "x-ai"}
_is_read = threading.Event()


class Place(NamedTuple):
    """Whose prices they are: a provider's, or those of whoever serves at an address."""

    provider: str = ""
    url: str = ""

    @classmethod
    @lru_cache(maxsize=MAX_KEPT)
    def of(cls, spec: ProviderSpec, base_url: str) -> Self:
        """The provider, unless it is called at another address than its own.

        Anybody may serve there; the library knows the address, or nobody does.
        """
        url = spec.url(base_url)
        if url == spec.base_url:
            return cls(provider=_NAMES.get(spec.name, spec.name))
        return cls(url=url)


def is_read() -> bool:
    """Whether it has been read, so that looking something up takes no time."""
    return _is_read.is_set()


@lru_cache(maxsize=MAX_KEPT)
def look_up(place: Place, name: str, period: int) -> Price | None:
    """What a model costs there now; the answer is kept for this `period`."""
    try:
        return _price(_calculated(place, name).model_price)
    except LookupError:
        return None
    finally:
        _is_read.set()


def _calculated(place: Place, name: str) -> "PriceCalculation":
    # Imported here: it takes half a second, and not every process asks. The prices are
    # those of the package: the library's updates, which need the network, are off
    # unless somebody starts them.
    from genai_prices import Usage, calc_price

    if place.provider:
        return calc_price(Usage(), name, provider_id=place.provider)
    return calc_price(Usage(), name, provider_api_url=place.url)


def _price(listed: "ModelPrice") -> Price | None:
    """None for a model that is not paid for by its tokens, or not by them alone."""
    needed = (listed.input_mtok, listed.output_mtok)
    if None in needed or listed.requests_kcount is not None:
        return None
    kinds = (*needed, listed.cache_read_mtok, listed.output_reasoning_mtok)
    starts = {tier.start for kind in kinds for tier in getattr(kind, "tiers", ())}
    tiers = (Tier(start, _rates(listed, start + 1)) for start in sorted(starts))
    return Price(_rates(listed, 0), tuple(tiers))


def _rates(listed: "ModelPrice", input_tokens: int) -> Rates:
    """The rates of a call with so much input; some kinds have none of their own."""

    def rate(kind: "Listed", otherwise: "Listed" = None) -> Decimal:
        kind = otherwise if kind is None else kind
        return _at(kind, input_tokens)

    return Rates(
        input=rate(listed.input_mtok),
        cached_input=rate(listed.cache_read_mtok, listed.input_mtok),
        output=rate(listed.output_mtok),
        reasoning=rate(listed.output_reasoning_mtok, listed.output_mtok),
    )


def _at(kind: "Listed", input_tokens: int) -> Decimal:
    if kind is None:
        return Decimal(0)
    if isinstance(kind, Decimal):
        return kind
    return next(
        (tier.price for tier in reversed(kind.tiers) if input_tokens > tier.start),
        kind.base,
    )
