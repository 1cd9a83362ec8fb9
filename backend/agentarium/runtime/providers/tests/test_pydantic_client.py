"""The providers that are called through pydantic-ai, against scripted servers."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
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
from agentarium.runtime.providers import rejected_parameters
from agentarium.runtime.providers.base import ModelSettings, TextDelta
from agentarium.runtime.providers.pydantic_ai import bounded_responses
from agentarium.runtime.providers.pydantic_ai.client import (
    PydanticClient,
    PydanticEndpoint,
    PydanticProvider,
)
from agentarium.runtime.providers.tests.model_calls import WEATHER, call_model, failure
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


def calls_module() -> ModuleType:
    """Which takes seconds to import: the first call does it."""
    from agentarium.runtime.providers.pydantic_ai import calls

    return calls


def scripted(**script: Any) -> tuple[Message, ...]:
    return (user_message(orjson.dumps({"fake": script}).decode()),)


async def test_streams_text_then_one_response(client_of: MakeClient, name: str) -> None:
    output = await call_model(client_of(name), scripted(text="grüße 🌍", pieces=3))

    assert output.deltas == [TextDelta("grü"), TextDelta("ße"), TextDelta(" 🌍")]
    assert output.response.message.parts == (TextPart("grüße 🌍"),)
    assert output.response.finish_reason == "stop"
    assert output.response.model == "fake"
    assert output.response.usage.output_tokens == 3


async def test_counts_cached_tokens_within_the_input(client_of: MakeClient) -> None:
    output = await call_model(client_of("anthropic"))

    # Anthropic's 12 input tokens do not include the 4.
    assert output.response.usage == Usage(16, 1, cached_input_tokens=4)


async def test_sends_system_prompt_key_and_settings(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    history = (system_message("Be brief."), user_message("hi"))

    await call_model(client_of("anthropic"), history, settings=ModelSettings(0.5, 100))

    sent = provider.received[-1]
    assert sent.body["system"] == "Be brief."
    assert (sent.body["temperature"], sent.body["max_tokens"]) == (0.5, 100)
    assert sent.headers["Authorization"] == f"Bearer {KEY}"


async def test_sends_the_settings_that_the_api_has(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    settings = ModelSettings(
        top_p=0.9, stop=("END",), parallel_tool_calls=False, extra_body={"x": 1}
    )

    await call_model(client_of("anthropic"), tools=[WEATHER], settings=settings)

    body = provider.received[-1].body
    assert (body["top_p"], body["stop_sequences"], body["x"]) == (0.9, ["END"], 1)
    assert body["tool_choice"]["disable_parallel_tool_use"] is True


async def test_retries_without_one_of_two_parameters_that_exclude_each_other(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    complaint = "`temperature` and `top_p` cannot both be specified for this model."
    question = scripted(refuses="temperature", complaint=complaint, text="Fine.")

    output = await call_model(
        client_of("anthropic"), question, settings=ModelSettings(0.5, top_p=0.9)
    )

    assert output.text == "Fine."
    body = provider.received[-1].body
    assert ("temperature" in body, body["top_p"]) == (False, 0.9)


async def test_retries_without_a_rejected_temperature(
    client_of: MakeClient, provider: FakeProvider, name: str
) -> None:
    complaint = "`temperature` is deprecated for this model."
    question = scripted(refuses="temperature", complaint=complaint, text="Fine.")
    client = client_of(name)

    outputs = [
        await call_model(client, question, settings=ModelSettings(0.5, 100))
        for _ in range(2)
    ]

    assert [output.text for output in outputs] == ["Fine.", "Fine."]
    bodies = [received.body for received in provider.received]
    settings = [body | body.get("generationConfig", {}) for body in bodies]
    assert ["temperature" in sent for sent in settings] == [True, False, False]


async def test_sends_a_temperature_other_than_the_rejected_one(
    client_of: MakeClient, provider: FakeProvider, name: str
) -> None:
    question = scripted(refuses="temperature", complaint="temperature: range: 0..1")
    client = client_of(name)

    await call_model(client, question, settings=ModelSettings(1.5))
    await call_model(client, settings=ModelSettings(0.0))

    body = provider.received[-1].body
    assert (body | body.get("generationConfig", {}))["temperature"] == 0


async def test_sends_a_rejected_temperature_again_after_a_day(
    client_of: MakeClient,
    provider: FakeProvider,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requests without it in the meantime do not extend the day."""
    question = scripted(refuses="temperature", complaint="temperature: range: 0..1")
    client = client_of(name)

    for elapsed in (0, 43_200, 86_500):
        now = time.monotonic() + elapsed
        monkeypatch.setattr(rejected_parameters, "monotonic", lambda now=now: now)
        await call_model(client, question, settings=ModelSettings(1.5))

    bodies = [received.body for received in provider.received]
    settings = [body | body.get("generationConfig", {}) for body in bodies]
    sent = ["temperature" in body for body in settings]
    assert sent == [True, False, False, True, False]


async def test_reports_an_error_that_the_temperature_did_not_cause(
    client_of: MakeClient, provider: FakeProvider, name: str
) -> None:
    question = scripted(status=400, complaint="The temperature of hell? No.")

    error = await failure(client_of(name), question, settings=ModelSettings(0.5))
    await call_model(client_of(name), settings=ModelSettings(0.5))

    assert error.code == "provider_bad_request"
    assert provider.stats.requests == 3


async def test_requests_tool_calls_and_accepts_their_results(
    client_of: MakeClient, name: str
) -> None:
    client = client_of(name)
    arguments = '{"city":"Köln"}'
    question = scripted(
        tool_calls=[{"name": "get_weather", "arguments": arguments}],
        are_tool_calls_whole=name == "mistral",
        text="Sunny.",
    )

    first = await call_model(client, question, tools=[WEATHER])
    (call,) = first.response.message.tool_calls
    result = ToolResultPart(call.tool_call_id, call.name, "sun", is_error=True)
    history = (*question, first.response.message, Message("tool", (result,)))
    second = await call_model(client, history, tools=[WEATHER])

    assert first.response.finish_reason == "tool_calls"
    assert (call.name, orjson.loads(call.arguments)) == (
        "get_weather",
        {"city": "Köln"},
    )
    assert second.text == "Sunny."


async def test_returns_reasoning_with_its_signature(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    client = client_of("anthropic")
    question = scripted(reasoning="hm", text="yes")

    first = await call_model(client, question)
    stored = message_from_json(message_to_json(first.response.message))
    await call_model(client, (*question, stored, user_message("And now?")))

    assert (first.reasoning, first.text) == ("hm", "yes")
    thinking = provider.received[-1].body["messages"][1]["content"][0]
    assert thinking == {
        "type": "thinking",
        "thinking": "hm",
        "signature": "c2lnbmVk",
    }


async def test_does_not_send_the_signature_of_another_provider(
    client_of: MakeClient, provider: FakeProvider
) -> None:
    signed = '{"signature":"Zm9yZWlnbg==","provider_name":"google"}'
    call = ToolCallPart("call_0", "get_weather", "{}", provider_metadata=signed)
    history = (
        user_message("hi"),
        Message("assistant", (ReasoningPart("hm", signed), call)),
        Message("tool", (ToolResultPart("call_0", "get_weather", "sun"),)),
    )

    await call_model(client_of("anthropic"), history, tools=[WEATHER])

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
async def test_maps_a_failure_by_its_status(
    client_of: MakeClient, name: str, provider: FakeProvider, status: int, code: str
) -> None:
    error = await failure(
        client_of(name), scripted(status=status, text="my own prompt")
    )

    assert error.code == code
    assert "my own prompt" not in error.detail
    assert KEY not in error.detail
    # The model caller retries, so the library must not.
    assert provider.stats.requests == 1


async def test_has_the_wait_that_the_provider_asks_for(
    client_of: MakeClient, name: str, provider: FakeProvider
) -> None:
    error = await failure(client_of(name, "fake,status=429,retry_after=7"))

    assert (error.code, error.is_transient) == ("provider_rate_limited", True)
    assert error.retry_after == 7
    assert provider.stats.requests == 1


@pytest.mark.parametrize("then", ["error", "cut", "end", "garbage"])
async def test_a_broken_stream_is_never_a_response(
    client_of: MakeClient, name: str, then: str
) -> None:
    error = await failure(client_of(name, f"fake,then={then}"))

    assert error.code in ("provider_unavailable", "provider_protocol")


async def test_a_response_that_is_too_long_is_refused_while_it_comes(
    client_of: MakeClient,
    name: str,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await call_model(client_of(name))
    monkeypatch.setattr(calls_module(), "MAX_RESPONSE_CHARS", 5_000)
    question = scripted(text="0123456789", repeats=600, pieces=600)

    error = await failure(client_of(name), question)

    assert (error.code, error.is_transient) == ("provider_protocol", False)
    assert "too long" in error.detail


async def test_many_tool_calls_without_a_text_are_too_long(
    client_of: MakeClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call_model(client_of(name))
    monkeypatch.setattr(calls_module(), "MAX_RESPONSE_CHARS", 5_000)
    calls = [{"name": "get_weather", "arguments": "{}"}] * 6
    question = scripted(tool_calls=calls, are_tool_calls_whole=name == "mistral")

    error = await failure(client_of(name), question)

    assert "too long" in error.detail


async def test_an_event_that_is_too_long_is_refused_before_it_is_complete(
    client_of: MakeClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_responses.EventCounter, "max_bytes", 100_000)

    error = await failure(client_of(name), scripted(text="0123456789" * 20_000))

    assert (error.code, error.is_transient) == ("provider_protocol", False)
    assert "too long" in error.detail


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_body_that_is_too_long_is_refused(
    client_of: MakeClient, name: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_responses.BodyCounter, "max_bytes", 20_000)
    long = "0123456789" * 10_000
    script = {"status": status, "complaint": long, "text": long}

    error = await failure(
        client_of(name), scripted(**script, is_streaming_ignored=True)
    )

    assert (error.code, error.is_transient) == ("provider_protocol", False)
    assert "too long" in error.detail


async def test_asks_for_no_compression(
    client_of: MakeClient, name: str, provider: FakeProvider
) -> None:
    await call_model(client_of(name))

    assert provider.received[-1].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
async def test_silence_is_a_timeout(
    client_of: MakeClient, name: str, script: str
) -> None:
    error = await failure(client_of(name, f"fake,{script}", read_timeout=0.1))

    assert (error.code, error.is_transient) == ("provider_timeout", True)


async def test_reports_an_unreachable_server(
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
    task = asyncio.create_task(call_model(client_of(name, f"fake,{script}")))
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
        "import sys; import agentarium.runtime.providers.pydantic_ai.client; "
        "sys.exit('pydantic_ai' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", program], cwd=package, check=False)  # noqa: S603

    assert result.returncode == 0
