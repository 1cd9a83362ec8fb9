"""The published prices of models, from the library genai-prices."""

import threading
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Self

from agentarium.runtime.prices import Price, Rates, Tier
from agentarium.runtime.providers import ProviderSpec

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, PriceCalculation, TieredPrices

    Listed = Decimal | TieredPrices | None

MAX_CACHED = 4096
# Our name of a provider -> the library's, where they differ.
_LIBRARY_NAMES = {"xai": "x-ai"}
_is_loaded = threading.Event()


class PriceSource(NamedTuple):
    """Selects prices by provider, or by the address of a server."""

    provider: str = ""
    url: str = ""

    @classmethod
    @lru_cache(maxsize=MAX_CACHED)
    def of(cls, spec: ProviderSpec, base_url: str) -> Self:
        """The provider's prices, or those of the server at `base_url` if it differs.

        Another address may belong to any server, which the library may not know.
        """
        url = spec.url(base_url)
        if url == spec.base_url:
            return cls(provider=_LIBRARY_NAMES.get(spec.name, spec.name))
        return cls(url=url)


def is_loaded() -> bool:
    """Whether the library has been imported, which makes `look_up` fast."""
    return _is_loaded.is_set()


@lru_cache(maxsize=MAX_CACHED)
def look_up(source: PriceSource, name: str, period: int) -> Price | None:
    """The current price of a model; None if unknown. Cached for each `period`."""
    try:
        return _price(_calculate(source, name).model_price)
    except LookupError:
        return None
    finally:
        _is_loaded.set()


def _calculate(source: PriceSource, name: str) -> "PriceCalculation":
    # Imported here: it takes half a second, and not every process needs it. The prices
    # are those in the package; the library does not download updates unless told to.
    from genai_prices import Usage, calc_price

    if source.provider:
        return calc_price(Usage(), name, provider_id=source.provider)
    return calc_price(Usage(), name, provider_api_url=source.url)


def _price(listed: "ModelPrice") -> Price | None:
    """The price; None if the model is not charged by tokens alone."""
    needed = (listed.input_mtok, listed.output_mtok)
    if None in needed or listed.requests_kcount is not None:
        return None
    kinds = (*needed, listed.cache_read_mtok, listed.output_reasoning_mtok)
    starts = {tier.start for kind in kinds for tier in getattr(kind, "tiers", ())}
    tiers = (Tier(start, _rates(listed, start + 1)) for start in sorted(starts))
    return Price(_rates(listed, 0), tuple(tiers))


def _rates(listed: "ModelPrice", input_tokens: int) -> Rates:
    """The rates of a call with this many input tokens.

    Cached input and reasoning default to the rates of input and output.
    """

    def rate(kind: "Listed", default: "Listed" = None) -> Decimal:
        kind = default if kind is None else kind
        return _rate_at(kind, input_tokens)

    return Rates(
        input=rate(listed.input_mtok),
        cached_input=rate(listed.cache_read_mtok, listed.input_mtok),
        output=rate(listed.output_mtok),
        reasoning=rate(listed.output_reasoning_mtok, listed.output_mtok),
    )


def _rate_at(kind: "Listed", input_tokens: int) -> Decimal:
    if kind is None:
        return Decimal(0)
    if isinstance(kind, Decimal):
        return kind
    return next(
        (tier.price for tier in reversed(kind.tiers) if input_tokens > tier.start),
        kind.base,
    )
