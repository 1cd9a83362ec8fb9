"""Prices of models, and the cost of one response.

A cost is a whole number of nanodollars (10^-9 US dollars), so that every database
stores it identically and sums are exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Self

from agentarium.runtime.messages import Usage
from agentarium.runtime.providers.catalogue import PROVIDERS, split_model
from agentarium.runtime.providers.declared import read_servers

NANODOLLARS = 10**9
# Prices are in dollars per million tokens.
_NANODOLLARS_PER_TOKEN = NANODOLLARS // 10**6
# Far above any real price, and low enough for costs to fit in 64 bits.
_MAX_RATE = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens of each kind."""

    input: Decimal
    cached_input: Decimal
    output: Decimal
    reasoning: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """The rates for all tokens of a call with more than `above` input tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """A model's rates; `tiers` are in ascending order."""

    rates: Rates
    tiers: tuple[Tier, ...] = ()

    @classmethod
    def flat(
        cls,
        input: Decimal,
        output: Decimal,
        cached_input: Decimal | None = None,
        reasoning: Decimal | None = None,
    ) -> Self:
        """A price without tiers.

        `cached_input` defaults to `input`, and `reasoning` to `output`.
        """
        cached_input = input if cached_input is None else cached_input
        return cls(
            Rates(
                input, cached_input, output, output if reasoning is None else reasoning
            )
        )

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates of a call with this many input tokens."""
        for tier in reversed(self.tiers):
            if input_tokens > tier.above:
                return tier.rates
        return self.rates

    def of(self, usage: Usage) -> int | None:
        """The cost of a response in nanodollars; None if its tokens were not counted."""
        rates = self.rates_for(usage.input_tokens)
        is_counted = usage.input_tokens or usage.output_tokens
        if not is_counted and rates != _FREE_RATES:
            return None
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        reasoning = min(usage.reasoning_tokens, usage.output_tokens)
        dollars_per_million = (
            (usage.input_tokens - cached) * rates.input
            + cached * rates.cached_input
            + (usage.output_tokens - reasoning) * rates.output
            + reasoning * rates.reasoning
        )
        cost = dollars_per_million * _NANODOLLARS_PER_TOKEN
        return int(cost.to_integral_value(ROUND_HALF_EVEN))


FREE = Price.flat(Decimal(0), Decimal(0))
_FREE_RATES = FREE.rates
_RATE_NAMES = tuple(field.name for field in fields(Rates))


def dollars(nanodollars: int | None) -> str | None:
    """A cost as an exact decimal number of US dollars, without trailing zeros."""
    if nanodollars is None:
        return None
    whole, fraction = divmod(nanodollars, NANODOLLARS)
    return f"{whole}.{fraction:09d}".rstrip("0").rstrip(".")


def format_cost(nanodollars: int | None, *, is_complete: bool = True) -> str:
    """Format a cost for people: `$0.01`, `$0.01 + ?` (partly known) or `?` (unknown)."""
    known = nanodollars is not None and (nanodollars or is_complete)
    parts = [f"${dollars(nanodollars)}"] if known else []
    if not (known and is_complete):
        parts.append("?")
    return " + ".join(parts)


def read_prices(data: Any) -> dict[str, Price]:
    """Parse the operator's prices: a mapping from `provider:name` to rates.

    `provider:*` covers all other models of a provider. Raises `ValueError`, whose
    message names the invalid entry.
    """
    if not isinstance(data, Mapping):
        raise ValueError("Expected a JSON object that maps models to prices.")
    return {_full_name(model): _price(model, rates) for model, rates in data.items()}


def prices_of_servers(text: str) -> dict[str, Price]:
    """The prices of the servers that an operator declares. Raises `ValueError`."""
    return read_prices(
        {
            f"{server.spec.name}:{model}": rates
            for server in read_servers(text)
            for model, rates in server.prices.items()
        }
    )


def _full_name(model: str) -> str:
    provider, name = split_model(model)
    if provider not in PROVIDERS or not name:
        raise ValueError(
            f"{model!r} is not a model. Write provider:name, with one of these providers: "
            f"{', '.join(PROVIDERS)}."
        )
    return f"{provider}:{name}"


def _price(model: str, rates: Any) -> Price:
    names = rates.keys() if isinstance(rates, Mapping) else set()
    if not {"input", "output"} <= names <= set(_RATE_NAMES):
        raise ValueError(
            f"{model} needs the prices per million tokens of input and output. "
            f"Allowed: {', '.join(_RATE_NAMES)}."
        )
    return Price.flat(**{name: _rate(model, name, rates[name]) for name in names})


def _rate(model: str, name: str, value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        rate = Decimal("NaN")
    if not (rate.is_finite() and 0 <= rate <= _MAX_RATE):
        raise ValueError(
            f"The price {name} of {model} is {value!r}. Write a number of US dollars."
        )
    return rate
