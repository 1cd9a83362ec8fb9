"""What a model's tokens cost, and what that makes for one response.

A cost is a whole number of nanodollars (10^-9 US dollars): it is the same in every
database, and sums of it are exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Self

from agentarium.runtime.messages import Usage
from agentarium.runtime.providers.catalogue import PROVIDERS, split_model

NANODOLLARS = 10**9
# A price is of a million tokens, so that one token costs so many nanodollars a dollar.
_NANODOLLARS_PER_TOKEN = NANODOLLARS // 10**6
# Far beyond any model; what is stored stays within 64 bits.
_MAX_RATE = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a million tokens of each kind."""

    input: Decimal
    cached_input: Decimal
    output: Decimal
    reasoning: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """The rates of a call with more input tokens than `above`, for all its tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """A model's rates; `tiers` go up."""

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
        """Rates without tiers; one that is not named is that of its kind."""
        cached_input = input if cached_input is None else cached_input
        return cls(
            Rates(
                input, cached_input, output, output if reasoning is None else reasoning
            )
        )

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates of a call with so much input."""
        for tier in reversed(self.tiers):
            if input_tokens > tier.above:
                return tier.rates
        return self.rates

    def of(self, usage: Usage) -> int | None:
        """What a response costs in nanodollars; None where its tokens were not counted."""
        rates = self.rates_for(usage.input_tokens)
        is_counted = usage.input_tokens or usage.output_tokens
        if not is_counted and rates != _NOTHING:
            return None
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        reasoning = min(usage.reasoning_tokens, usage.output_tokens)
        dollars_a_million = (
            (usage.input_tokens - cached) * rates.input
            + cached * rates.cached_input
            + (usage.output_tokens - reasoning) * rates.output
            + reasoning * rates.reasoning
        )
        cost = dollars_a_million * _NANODOLLARS_PER_TOKEN
        return int(cost.to_integral_value(ROUND_HALF_EVEN))


FREE = Price.flat(Decimal(0), Decimal(0))
_NOTHING = FREE.rates
_NAMES = tuple(field.name for field in fields(Rates))


def dollars(nanodollars: int | None) -> str | None:
    """A cost as a decimal number of US dollars, exact, without needless zeros."""
    if nanodollars is None:
        return None
    whole, part = divmod(nanodollars, NANODOLLARS)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".")


def format_cost(nanodollars: int | None, *, is_complete: bool = True) -> str:
    """A cost as people read it: `$0.01`, `$0.01 + ?` and `?`, as far as it is known."""
    known = nanodollars is not None and (nanodollars or is_complete)
    parts = [f"${dollars(nanodollars)}"] if known else []
    if not (known and is_complete):
        parts.append("?")
    return " + ".join(parts)


def read_prices(told: Any) -> dict[str, Price]:
    """An operator's prices by `provider:name`; `provider:*` is for all of its models.

    Raises `ValueError` with a sentence that says what is wrong with which of them.
    """
    if not isinstance(told, Mapping):
        raise ValueError("A JSON object of models and their prices is needed.")
    return {_model(name): _price(name, rates) for name, rates in told.items()}


def _model(told: str) -> str:
    provider, name = split_model(told)
    if provider not in PROVIDERS or not name:
        raise ValueError(
            f"{told!r} names no model: provider:name is needed, with one of these "
            f"providers: {', '.join(PROVIDERS)}."
        )
    return f"{provider}:{name}"


def _price(model: str, told: Any) -> Price:
    names = told.keys() if isinstance(told, Mapping) else set()
    if not {"input", "output"} <= names <= set(_NAMES):
        raise ValueError(
            f"{model} needs the prices of a million tokens of input and output, and "
            f"at most {', '.join(_NAMES)}."
        )
    return Price.flat(**{name: _rate(model, name, told[name]) for name in names})


def _rate(model: str, name: str, told: Any) -> Decimal:
    try:
        rate = Decimal(str(told))
    except InvalidOperation:
        rate = Decimal("NaN")
    if not (rate.is_finite() and 0 <= rate <= _MAX_RATE):
        raise ValueError(
            f"The price {name} of {model} is {told!r}: a number of US dollars is needed."
        )
    return rate
