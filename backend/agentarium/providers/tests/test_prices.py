"""What models cost, from the book in the package: no test here meets a network."""

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
        # What answered is not in the book, but what was asked for is.
        ("gpt-4o-mini", "something-else", GPT_4O_MINI),
        ("builtin:smollm2-135m-instruct", "", FREE),
        ("openai:nobody-knows-it", "", None),
        ("acme:gpt-4o-mini", "", None),
        # Whose machine that is, and what it costs, only its operator knows.
        ("ollama:llama3", "", None),
    ],
)
def test_knows_published_prices_and_says_when_it_does_not(
    model: str, answered_by: str, price: Price | None
) -> None:
    assert price_of(model, answered_by=answered_by) == price


def test_knows_prices_that_rise_with_the_input() -> None:
    price = price_of("google:gemini-3.1-pro-preview")

    assert price
    assert (price.rates.input, price.tiers[0].above) == (Decimal(2), 200_000)
    assert price.rates_for(200_001).output == Decimal(18)


def test_takes_an_azure_deployment_for_the_model_that_answers(deploy: Deploy) -> None:
    deploy(azure=("key", "https://mine.openai.azure.com"))

    assert price_of("azure:my-deployment") is None
    price = price_of("azure:my-deployment", answered_by="gpt-4o-mini-2024-07-18")
    assert price == GPT_4O_MINI


def test_knows_a_provider_by_its_address(deploy: Deploy) -> None:
    deploy(openai=("key", "https://api.groq.com/openai/v1"))

    price = price_of("openai:openai/gpt-oss-20b")

    assert price == price_of("groq:openai/gpt-oss-20b")
    assert price


def test_a_server_of_ones_own_has_nobodys_prices(deploy: Deploy) -> None:
    deploy(openai=("key", "http://127.0.0.1:9/v1"))

    assert price_of("openai:gpt-4o-mini") is None


class TestOperatorsPrices:
    def test_come_before_the_published_ones(self, settings: Any) -> None:
        settings.PRICES = read_prices({"gpt-4o-mini": {"input": 1, "output": 2}})

        price = price_of("openai:gpt-4o-mini", answered_by="gpt-4o-mini-2024-07-18")

        assert price == Price.flat(Decimal(1), Decimal(2))
        assert price_of("openai:gpt-4o") != price

    def test_can_be_for_all_models_of_a_provider(self, settings: Any) -> None:
        told = {"ollama:*": {"input": 0, "output": 0}}
        one = {"ollama:big": {"input": 1, "output": 1}}
        settings.PRICES = read_prices(told | one)

        assert price_of("ollama:llama3") == FREE
        assert price_of("ollama:big") == Price.flat(Decimal(1), Decimal(1))

    @pytest.mark.django_db
    def test_are_shown_with_the_models(
        self, api: APIClient, deploy: Deploy, settings: Any
    ) -> None:
        told = {"mistral:codestral-latest": {"input": "0.50", "output": "1e1"}}
        settings.PRICES = read_prices(told)

        rows = api.get("/api/models/", {"search": "codestral"}).data

        assert [row["price"]["rates"] for row in rows] == [
            {
                "input": "0.50",
                "cached_input": "0.50",
                "output": "10",
                "reasoning": "10",
            }
        ]


async def test_keeps_no_event_loop_waiting_and_finds_the_same() -> None:
    found = await asyncio.gather(
        *(find_price(model) for model in ("gpt-4o-mini", "ollama:llama3", "builtin:x"))
    )

    assert found == [GPT_4O_MINI, None, FREE]


# In a process of its own, because here the book may have been read already.
NOT_READ = """
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


def test_is_read_only_when_a_price_is_looked_up_in_it(tmp_path: Any) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", NOT_READ],
        env={"AGENTARIUM_DATA": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
