"""Servers that the operator declares."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from agentarium.runtime.prices import prices_of_servers
from agentarium.runtime.providers.catalogue import PROVIDERS
from agentarium.runtime.providers.config import ProviderConfig
from agentarium.runtime.providers.declared import MAX_SERVERS, read_servers
from agentarium.runtime.providers.registry import ModelClients, why_unavailable
from agentarium.runtime.providers.tests.model_calls import call_model, failure
from bench.fake_provider import FakeProvider

TOML = """
[vllm]
url = "http://vllm.internal:8000"
title = "vLLM in rack 3"
key = "sk-very-secret"
headers = { "X-Team" = "agents" }
models = ["qwen3"]
prices = { qwen3 = { input = "0.1", output = "0.4" }, "*" = { input = 1, output = 2 } }

[litellm]
url = "https://litellm.example.org/v1"
key_variable = "LITELLM_KEY"
"""


def test_are_read_from_toml() -> None:
    vllm, litellm = read_servers(TOML)

    assert (vllm.spec.name, vllm.spec.title) == ("vllm", "vLLM in rack 3")
    assert vllm.spec.url(vllm.url) == "http://vllm.internal:8000/v1"
    assert (vllm.key, vllm.headers) == ("sk-very-secret", {"X-Team": "agents"})
    assert vllm.spec.models == ("qwen3",)
    assert (litellm.spec.title, litellm.key_variable) == ("litellm", "LITELLM_KEY")
    assert why_unavailable(litellm.spec, ProviderConfig(base_url=litellm.url)) == ""


def test_are_read_from_json() -> None:
    (server,) = read_servers('{"vllm": {"url": "http://vllm:8000/v1"}}')

    assert (server.spec.name, server.url) == ("vllm", "http://vllm:8000/v1")


def test_may_be_none() -> None:
    assert read_servers("") == []


def test_have_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    for server in read_servers(TOML):
        monkeypatch.setitem(PROVIDERS, server.spec.name, server.spec)

    prices = prices_of_servers(TOML)

    assert prices["vllm:qwen3"].rates.output == Decimal("0.4")
    assert prices["vllm:*"].rates.input == 1


@pytest.mark.parametrize(
    "text",
    [
        "[vllm",
        "{",
        '{"vllm": {}}',
        '{"vllm": "sk-very-secret"}',
        '{"Ünsinn": {"url": "http://a"}}',
        '{"openai": {"url": "http://a"}}',
        '{"vllm": {"url": "sk-very-secret"}}',
        '{"vllm": {"url": "ftp://a"}}',
        '{"vllm": {"url": 7}}',
        '{"vllm": {"url": "http://a", "token": "sk-very-secret"}}',
        '{"vllm": {"url": "http://a", "key": ["sk-very-secret"]}}',
        '{"vllm": {"url": "http://a", "headers": {"X": "sk-very-secret\\n"}}}',
        '{"vllm": {"url": "http://a", "headers": {"a b": ""}}}',
        '{"vllm": {"url": "http://a", "models": [1]}}',
        '{"vllm": {"url": "http://a", "prices": 7}}',
        orjson.dumps({f"s{n}": {"url": "http://a"} for n in range(MAX_SERVERS + 1)}),
    ],
)
def test_that_are_wrong_are_refused_without_repeating_a_secret(text: Any) -> None:
    text = text.decode() if isinstance(text, bytes) else text

    with pytest.raises(ValueError, match=r"has|is not valid") as caught:
        read_servers(text)

    assert "sk-very-secret" not in str(caught.value)


async def test_are_called_with_their_key_and_headers(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = {}
    for server in read_servers(TOML):
        monkeypatch.setitem(PROVIDERS, server.spec.name, server.spec)
        configs[server.spec.name] = ProviderConfig(
            server.key, provider.url, headers=server.headers
        )
    clients = ModelClients(configs)

    output = await call_model(clients.get("vllm:fake"))
    error = await failure(clients.get("litellm:fake,status=400"))
    await clients.aclose()

    assert output.response.model == "fake"
    first, second = (received.headers for received in provider.received)
    assert (first["Authorization"], first["X-Team"]) == (
        "Bearer sk-very-secret",
        "agents",
    )
    assert "X-Team" not in second
    assert error.detail.startswith("litellm rejected")
