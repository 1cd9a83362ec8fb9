from decimal import Decimal
from typing import Any

import pytest

from agentarium.runtime.messages import Usage
from agentarium.runtime.prices import (
    FREE,
    Price,
    Rates,
    Tier,
    dollars,
    format_cost,
    read_prices,
)

CHEAP = Price.flat(Decimal("0.15"), Decimal("0.6"), Decimal("0.075"))
# Costs twice as much with more than 1,000 input tokens.
TIERED = Price(
    Rates(Decimal(1), Decimal(1), Decimal(2), Decimal(3)),
    (Tier(1000, Rates(Decimal(2), Decimal(2), Decimal(4), Decimal(6))),),
)


@pytest.mark.parametrize(
    ("price", "usage", "cost"),
    [
        (CHEAP, Usage(1_000_000, 1_000_000), 750_000_000),
        (CHEAP, Usage(1, 0), 150),
        (CHEAP, Usage(100, 10, cached_input_tokens=40), 18_000),
        (CHEAP, Usage(100, 0, cached_input_tokens=1000), 7_500),
        (TIERED, Usage(1000, 1), 1_002_000),
        (TIERED, Usage(1001, 1), 2_006_000),
        (TIERED, Usage(0, 10, reasoning_tokens=4), 24_000),
        (FREE, Usage(), 0),
        (FREE, Usage(5, 5), 0),
        # The tokens were not counted, but the call was not free.
        (CHEAP, Usage(), None),
    ],
)
def test_charges_each_kind_of_token_at_its_rate(
    price: Price, usage: Usage, cost: int | None
) -> None:
    assert price.of(usage) == cost


def test_rounds_to_whole_nanodollars() -> None:
    price = Price.flat(Decimal("0.0004"), Decimal(0))

    assert [price.of(Usage(count, 0)) for count in (1, 2, 10)] == [0, 1, 4]


@pytest.mark.parametrize(
    ("nanodollars", "text"),
    [
        (None, None),
        (0, "0"),
        (1, "0.000000001"),
        (1_350, "0.00000135"),
        (10_000_000_000, "10"),
        (2**63 - 1, "9223372036.854775807"),
    ],
)
def test_formats_dollars_exactly(nanodollars: int | None, text: str | None) -> None:
    assert dollars(nanodollars) == text


@pytest.mark.parametrize(
    ("nanodollars", "complete", "incomplete"),
    [(10_000_000, "$0.01", "$0.01 + ?"), (0, "$0", "?"), (None, "?", "?")],
)
def test_marks_unknown_costs(
    nanodollars: int | None, complete: str, incomplete: str
) -> None:
    assert format_cost(nanodollars) == complete
    assert format_cost(nanodollars, is_complete=False) == incomplete


class TestReadPrices:
    def test_accepts_text_and_numbers_and_fills_in_defaults(self) -> None:
        data = {
            "openai:mine": {"input": "0.10", "output": 0.4},
            "gpt-x": {"input": 1, "output": 2, "cached_input": 0, "reasoning": "3"},
            "ollama:*": {"input": 0, "output": 0},
        }

        prices = read_prices(data)

        assert prices == {
            "openai:mine": Price.flat(Decimal("0.1"), Decimal("0.4")),
            "openai:gpt-x": Price.flat(Decimal(1), Decimal(2), Decimal(0), Decimal(3)),
            "ollama:*": FREE,
        }

    @pytest.mark.parametrize(
        ("data", "named"),
        [
            (["openai:mine"], "JSON object"),
            ({"acme:mine": {"input": 1, "output": 1}}, "acme:mine"),
            ({"openai:": {"input": 1, "output": 1}}, "openai:"),
            ({"openai:mine": 1}, "openai:mine"),
            ({"openai:mine": {"input": 1}}, "openai:mine"),
            ({"openai:mine": {"input": 1, "output": 1, "inptu": 1}}, "openai:mine"),
            ({"openai:mine": {"input": -1, "output": 1}}, "input"),
            ({"openai:mine": {"input": 1, "output": "much"}}, "output"),
            ({"openai:mine": {"input": 1, "output": "NaN"}}, "output"),
            ({"openai:mine": {"input": 1, "output": None}}, "output"),
            ({"openai:mine": {"input": 1, "output": 10**9}}, "output"),
        ],
    )
    def test_names_the_invalid_entry(self, data: Any, named: str) -> None:
        with pytest.raises(ValueError, match=named):
            read_prices(data)
