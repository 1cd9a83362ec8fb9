"""The wires that go through pydantic-ai, against servers that speak them."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import agentarium
from agentarium.runtime.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
    message_from_json,
    message_to_json,
    system_message,
    user_message,
)
from agentarium.runtime.providers.base import ModelSettings, TextDelta
from agentarium.runtime.providers.pydantic_client import (
    PydanticClient,
    PydanticEndpoint,
    PydanticProvider,
)
from agentarium.runtime.tests.model_calls import WEATHER, ask, failure
from agentarium.tests.eventually import eventually
from bench.fake_provider import FakeProvider

KEY = "sk-very-secret"
MakeClient = Callable[..., PydanticClient]


@pytest.fixture(params=["anthropic", "google", "mistral"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def client_of(provider: FakeProvider) -> AsyncIterator[MakeClient]:
    providers: list[PydanticProvider] = []

    def make(name: str, model: str = "fake", read_timeout: float = 30) -> Any:
        endpoint = PydanticEndpoint(name, "Fake", KEY, provider.url, read_timeout)
        providers.append(PydanticProvider(endpoint))
        return providers[-1].client(model)

    yield make
    for opened in providers:
        await opened.aclose()


def scripted(**script: Any) -> tuple[Message, ...]:
    return (user_message(orjson.dumps({"fake": script}).decode()),)


async def test_streams_text_then_one_response(client_of: MakeClient, name: str) -> None:
    answer = await ask(client_of(name), scripted(text="grüße 🌍", pieces=3))

    assert answer.deltas == [TextDelta("grü"), TextDelta("ße"), TextDelta(" 🌍")]
    assert answer.response.message.parts == (TextPart("grüße 🌍"),)
    assert answer.response.finish_reason == "stop"
    assert answer.response.model == "fake"
    assert answer.response.usage.output_tokens == 3


async def test_counts_cached_tokens_within_the_input(client_of: MakeClient) -> None:
    answer = await ask(client_of("anthropic"))

    # Anthropic counts the 4 beside its 12.
    assert answer.response.usage == Usage(16, 1, cached_input_tokens=4)


async def test_sends_system_prompt_key_and_settings(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    history = (system_message("Be brief."), user_message("hi"))

    await ask(client_of("anthropic"), history, settings=ModelSettings(0.5, 100))

    sent = provider.received[-1]
    assert sent.body["system"] == "Be brief."
    assert (sent.body["temperature"], sent.body["max_tokens"]) == (0.5, 100)
    assert sent.headers["Authorization"] == f"Bearer {KEY}"


async def test_asks_again_without_a_temperature_that_is_refused(
    client_of: MakeClient, provider: FakeProvider, name: str
) -> None:
    complaint = "`temperature` is deprecated for this model."
    question = scripted(refuses="temperature", complaint=complaint, text="Fine.")
    client = client_of(name)

    answers = [
        await ask(client, question, settings=ModelSettings(0.5, 100)) for _ in range(2)
    ]

    assert [answer.text for answer in answers] == ["Fine.", "Fine."]
    bodies = [received.body for received in provider.received]
    settings = [body | body.get("generationConfig", {}) for body in bodies]
    assert ["temperature" in each for each in settings] == [True, False, False]


async def test_hands_on_a_refusal_that_no_temperature_is_to_blame_for(
    client_of: MakeClient, provider: FakeProvider, name: str
) -> None:
    question = scripted(status=400, complaint="The temperature of hell? No.")

    error = await failure(client_of(name), question, settings=ModelSettings(0.5))
    await ask(client_of(name), settings=ModelSettings(0.5))

    assert error.code == "provider_bad_request"
    assert provider.stats.requests == 3


async def test_calls_tools_and_takes_their_results(
    client_of: MakeClient, name: str
) -> None:
    client = client_of(name)
    arguments = '{"city":"Köln"}'
    question = scripted(
        tool_calls=[{"name": "get_weather", "arguments": arguments}],
        are_tool_calls_whole=name == "mistral",
        text="Sunny.",
    )

    first = await ask(client, question, tools=[WEATHER])
    (call,) = first.response.message.tool_calls
    result = ToolResultPart(call.tool_call_id, call.name, "sun", is_error=True)
    history = (*question, first.response.message, Message("tool", (result,)))
    second = await ask(client, history, tools=[WEATHER])

    assert first.response.finish_reason == "tool_calls"
    assert (call.name, orjson.loads(call.arguments)) == (
        "get_weather",
        {"city": "Köln"},
    )
    assert second.text == "Sunny."


async def test_gives_reasoning_back_as_its_provider_signed_it(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    client = client_of("anthropic")
    question = scripted(reasoning="hm", text="yes")

    first = await ask(client, question)
    stored = message_from_json(message_to_json(first.response.message))
    await ask(client, (*question, stored, user_message("And now?")))

    assert (first.reasoning, first.text) == ("hm", "yes")
    thinking = provider.received[-1].body["messages"][1]["content"][0]
    assert thinking == {
        "type": "thinking",
        "thinking": "hm",
        "signature": "c2lnbmVk",
    }


async def test_gives_no_provider_the_signature_of_another(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    signed = '{"signature":"Zm9yZWlnbg==","provider_name":"google"}'
    call = ToolCallPart("call_0", "get_weather", "{}", signature=signed)
    history = (
        user_message("hi"),
        Message("assistant", (ReasoningPart("hm", signed), call)),
        Message("tool", (ToolResultPart("call_0", "get_weather", "sun"),)),
    )

    await ask(client_of("anthropic"), history, tools=[WEATHER])

    assert "Zm9yZWlnbg==" not in str(provider.received[-1].body)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "provider_bad_request"),
        (401, "provider_auth"),
        (404, "model_not_found"),
        (500, "provider_unavailable"),
    ],
)
async def test_names_a_failure_by_its_status(
    client_of: MakeClient, name: str, provider: FakeProvider, status: int, code: str
) -> None:
    error = await failure(
        client_of(name), scripted(status=status, text="my own prompt")
    )

    assert error.code == code
    assert "my own prompt" not in error.detail
    assert KEY not in error.detail
    # The loop retries, so nobody below it may.
    assert provider.stats.requests == 1


async def test_keeps_the_providers_wish_for_a_pause(
    client_of: MakeClient, name: str, provider: FakeProvider
) -> None:
    error = await failure(client_of(name, "fake,status=429,retry_after=7"))

    assert (error.code, error.is_transient) == ("provider_rate_limited", True)
    assert error.retry_after == 7
    assert provider.stats.requests == 1


@pytest.mark.parametrize("then", ["error", "cut", "end", "garbage"])
async def test_takes_no_broken_stream_for_an_answer(
    client_of: MakeClient, name: str, then: str
) -> None:
    error = await failure(client_of(name, f"fake,then={then}"))

    assert error.code in ("provider_unavailable", "provider_protocol")


@pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
async def test_names_silence_a_timeout(
    client_of: MakeClient, name: str, script: str
) -> None:
    error = await failure(client_of(name, f"fake,{script}", read_timeout=0.1))

    assert (error.code, error.is_transient) == ("provider_timeout", True)


async def test_says_that_nobody_is_there(
    client_of: MakeClient, name: str, provider: FakeProvider
) -> None:
    client = client_of(name)
    await provider.__aexit__()

    error = await failure(client)

    assert (error.code, error.is_transient) == ("provider_unavailable", True)


async def test_closing_the_stream_closes_the_connection(
    client_of: MakeClient, name: str, provider: FakeProvider
) -> None:
    stream = client_of(name, "fake,then=hang").stream([user_message("hi")])
    await anext(stream)

    await stream.aclose()

    await eventually(
        "the connection to be closed", lambda: provider.stats.closed_by_client == 1
    )


@pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
async def test_cancelling_the_task_closes_the_connection(
    client_of: MakeClient, name: str, provider: FakeProvider, script: str
) -> None:
    task = asyncio.create_task(ask(client_of(name, f"fake,{script}")))
    await eventually("the request to arrive", lambda: provider.stats.open == 1)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(
        "the connection to be closed", lambda: provider.stats.closed_by_client == 1
    )


def test_imports_the_library_on_first_use_only() -> None:
    package = Path(agentarium.__file__).parent.parent
    program = (
        "import sys; import agentarium.runtime.providers.pydantic_client; "
        "sys.exit('pydantic_ai' in sys.modules)"
    )

    ended = subprocess.run([sys.executable, "-c", program], cwd=package, check=False)  # noqa: S603

    assert ended.returncode == 0
