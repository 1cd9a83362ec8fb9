"""Prices of models, from the data in the package, without a network."""

import asyncio
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.providers.prices import find_price, price_of
from agentarium.providers.tests.conftest import Deploy
from agentarium.runtime.prices import FREE, Price, read_prices

GPT_4O_MINI = Price.flat(Decimal("0.15"), Decimal("0.6"), Decimal("0.075"))


@pytest.mark.parametrize(
    ("model", "answered_by", "price"),
    [
        ("openai:gpt-4o-mini", "", GPT_4O_MINI),
        ("gpt-4o-mini", "", GPT_4O_MINI),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", GPT_4O_MINI),
        # The model in the response has no price, but the requested one does.
        ("gpt-4o-mini", "something-else", GPT_4O_MINI),
        ("builtin:smollm2-135m-instruct", "", FREE),
        ("openai:unknown-model", "", None),
        ("acme:gpt-4o-mini", "", None),
        # The library cannot know the cost of someone's own machine.
        ("ollama:llama3", "", None),
    ],
)
def test_finds_published_prices(
    model: str, answered_by: str, price: Price | None
) -> None:
    assert price_of(model, answered_by=answered_by) == price


def test_finds_prices_with_tiers() -> None:
    price = price_of("google:gemini-3.1-pro-preview")

    assert price
    assert (price.rates.input, price.tiers[0].above) == (Decimal(2), 200_000)
    assert price.rates_for(200_001).output == Decimal(18)


def test_an_azure_deployment_has_the_price_of_the_model_in_the_response(
    deploy: Deploy,
) -> None:
    deploy(azure=("key", "https://mine.openai.azure.com"))

    assert price_of("azure:my-deployment") is None
    price = price_of("azure:my-deployment", answered_by="gpt-4o-mini-2024-07-18")
    assert price == GPT_4O_MINI


def test_finds_a_provider_by_its_address(deploy: Deploy) -> None:
    deploy(openai=("key", "https://api.groq.com/openai/v1"))

    price = price_of("openai:openai/gpt-oss-20b")

    assert price == price_of("groq:openai/gpt-oss-20b")
    assert price


def test_an_unknown_server_has_no_prices(deploy: Deploy) -> None:
    deploy(openai=("key", "http://127.0.0.1:9/v1"))

    assert price_of("openai:gpt-4o-mini") is None


class TestOperatorsPrices:
    def test_override_the_published_ones(self, settings: Any) -> None:
        settings.PRICES = read_prices({"gpt-4o-mini": {"input": 1, "output": 2}})

        price = price_of("openai:gpt-4o-mini", answered_by="gpt-4o-mini-2024-07-18")

        assert price == Price.flat(Decimal(1), Decimal(2))
        assert price_of("openai:gpt-4o") != price

    def test_can_cover_all_models_of_a_provider(self, settings: Any) -> None:
        prices = {"ollama:*": {"input": 0, "output": 0}}
        single = {"ollama:big": {"input": 1, "output": 1}}
        settings.PRICES = read_prices(prices | single)

        assert price_of("ollama:llama3") == FREE
        assert price_of("ollama:big") == Price.flat(Decimal(1), Decimal(1))

    @pytest.mark.django_db
    def test_are_returned_with_the_models(
        self, api: APIClient, deploy: Deploy, settings: Any
    ) -> None:
        prices = {"mistral:codestral-latest": {"input": "0.50", "output": "1e1"}}
        settings.PRICES = read_prices(prices)

        rows = api.get("/api/models/", {"search": "codestral"}).data

        assert [row["price"]["rates"] for row in rows] == [
            {
                "input": "0.50",
                "cached_input": "0.50",
                "output": "10",
                "reasoning": "10",
            }
        ]


async def test_finds_the_same_prices_without_blocking_the_event_loop() -> None:
    found = await asyncio.gather(
        *(find_price(model) for model in ("gpt-4o-mini", "ollama:llama3", "builtin:x"))
    )

    assert found == [GPT_4O_MINI, None, FREE]


# In its own process, because this one may have loaded the price book already.
PROGRAM = """
import asyncio, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "agentarium.config.settings"
import django; django.setup()
from agentarium.providers.prices import find_price
assert "genai_prices" not in sys.modules
asyncio.run(find_price("builtin:smollm2-135m-instruct"))
assert "genai_prices" not in sys.modules
assert asyncio.run(find_price("openai:gpt-4o-mini"))
assert "genai_prices" in sys.modules
"""


def test_loads_the_price_book_on_the_first_look_up(tmp_path: Any) -> None:
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", PROGRAM],
        env={"AGENTARIUM_DATA": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
