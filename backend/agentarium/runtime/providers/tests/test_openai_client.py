import asyncio
import time
from typing import Any

import orjson
import pytest

from agentarium.runtime.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
    system_message,
    user_message,
)
from agentarium.runtime.providers import rejected_parameters
from agentarium.runtime.providers.base import ModelSettings, TextDelta
from agentarium.runtime.providers.http import HttpPool
from agentarium.runtime.providers.openai.client import OpenAIClient, OpenAIEndpoint
from agentarium.runtime.providers.provider_metadata import packed
from agentarium.runtime.providers.tests.model_calls import WEATHER, call_model, failure
from agentarium.tests.eventually import eventually
from bench.fake_provider import FakeProvider

KEY = "sk-very-secret"


@pytest.fixture
def model(provider: FakeProvider, pool: HttpPool) -> Any:
    """Creates clients for scripted models."""

    def make(name: str = "fake", **options: Any) -> OpenAIClient:
        endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", KEY, **options)
        return OpenAIClient(endpoint, name, pool)

    return make


def scripted(**script: Any) -> tuple[Message, ...]:
    return (user_message(orjson.dumps({"fake": script}).decode()),)


class TestResponse:
    async def test_streams_text_then_one_response(self, model: Any) -> None:
        output = await call_model(model(), scripted(text="grüße 🌍 " * 20, pieces=40))

        assert output.text == output.response.message.text == "grüße 🌍 " * 20
        assert output.response.finish_reason == "stop"
        assert output.response.model == "fake"
        assert output.response.usage == Usage(12, 40, cached_input_tokens=4)

    async def test_is_one_delta_if_it_arrives_in_one_read(self, model: Any) -> None:
        output = await call_model(model(), scripted(text="word " * 50, pieces=50))

        assert output.deltas == [TextDelta("word " * 50)]

    async def test_is_yielded_as_it_arrives(self, model: Any) -> None:
        output = await call_model(model(), scripted(text="abc", pieces=3, delay=0.02))

        assert output.deltas == [TextDelta("a"), TextDelta("b"), TextDelta("c")]

    async def test_is_yielded_in_larger_pieces_next_to_many_others(
        self, model: Any, pool: HttpPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "pause", lambda: 0.2)

        output = await call_model(
            model(), scripted(text="0123456789", pieces=10, delay=0.01)
        )

        assert output.text == "0123456789"
        first, *rest = output.deltas
        assert first == TextDelta("0")
        assert len(rest) < 5

    async def test_separates_reasoning_from_text(self, model: Any) -> None:
        output = await call_model(model(), scripted(text="yes", reasoning="hm"))

        assert (output.reasoning, output.text) == ("hm", "yes")
        message = output.response.message
        assert (message.reasoning, message.text) == ("hm", "yes")

    async def test_may_come_without_streaming(self, model: Any) -> None:
        output = await call_model(model("fake,is_streaming_ignored=true,text=whole"))

        assert output.deltas == [TextDelta("whole")]
        assert output.response.message.text == "whole"
        assert output.response.usage.output_tokens == 1

    async def test_may_come_without_usage(self, model: Any) -> None:
        output = await call_model(model("fake,has_usage=false"))

        assert output.response.usage == Usage()

    async def test_may_have_windows_line_endings(self, model: Any) -> None:
        output = await call_model(
            model(), scripted(text="abc", pieces=3, line_end="\r\n")
        )

        assert output.text == "abc"

    async def test_may_end_without_a_finish_reason(self, model: Any) -> None:
        output = await call_model(model("fake,then=end,text=whole"))

        assert output.response.message.text == "whole"
        assert output.response.finish_reason == "other"
        assert output.response.provider_finish_reason == ""

    async def test_has_the_finish_reason_length_at_the_token_limit(
        self, model: Any
    ) -> None:
        output = await call_model(model("fake,finish_reason=length"))

        assert output.response.finish_reason == "length"

    async def test_reuses_the_connection(
        self, model: Any, provider: FakeProvider
    ) -> None:
        client = model()

        await call_model(client)
        await call_model(client)

        assert provider.stats.completed == 2
        assert provider.connections == 1


class TestTools:
    async def test_calls_are_assembled(
        self, model: Any, provider: FakeProvider
    ) -> None:
        calls = [
            {"name": "get_weather", "arguments": '{"city": "Köln"}'},
            {"name": "get_weather", "arguments": '{"city": "Brno"}'},
        ]

        output = await call_model(model(), scripted(tool_calls=calls), tools=[WEATHER])

        assert output.response.message.tool_calls == (
            ToolCallPart("call_0", "get_weather", '{"city": "Köln"}'),
            ToolCallPart("call_1", "get_weather", '{"city": "Brno"}'),
        )
        assert output.response.finish_reason == "tool_calls"
        (tool,) = provider.received[-1].body["tools"]
        assert tool["function"]["parameters"] == WEATHER.parameters

    async def test_results_are_sent_as_separate_messages(
        self, model: Any, provider: FakeProvider
    ) -> None:
        call = ToolCallPart("call_0", "get_weather", "{}")
        history = (
            system_message("Be brief."),
            *scripted(tool_calls=["get_weather"], text="Sunny."),
            Message("assistant", (ReasoningPart("hm"), call)),
            Message("tool", (ToolResultPart("call_0", "get_weather", "sun"),)),
        )

        output = await call_model(model(), history, tools=[WEATHER])

        assert output.text == "Sunny."
        sent = provider.received[-1].body["messages"]
        assert [item["role"] for item in sent] == [
            "system",
            "user",
            "assistant",
            "tool",
        ]
        assert sent[2]["content"] is None
        assert sent[2]["tool_calls"][0]["id"] == sent[3]["tool_call_id"] == "call_0"
        assert "reasoning_content" not in sent[2]

    async def test_require_a_reasoning_field_of_some_providers(
        self, model: Any, provider: FakeProvider
    ) -> None:
        history = (
            user_message("hi"),
            Message("assistant", (ToolCallPart("call_0", "get_weather", "{}"),)),
            Message("tool", (ToolResultPart("call_0", "get_weather", "sun"),)),
        )

        await call_model(model(reasoning_field="reasoning_content"), history)

        sent = provider.received[-1].body["messages"]
        assert sent[1]["reasoning_content"] == ""


class TestSettings:
    async def test_are_sent_under_the_names_of_the_api(
        self, model: Any, provider: FakeProvider
    ) -> None:
        await call_model(model(), settings=ModelSettings(0.5, 100))

        body = provider.received[-1].body
        assert (body["temperature"], body["max_tokens"]) == (0.5, 100)
        assert body["stream_options"] == {"include_usage": True}
        assert provider.received[-1].headers["Authorization"] == f"Bearer {KEY}"

    async def test_of_all_kinds_are_sent_as_they_are(
        self, model: Any, provider: FakeProvider
    ) -> None:
        settings = ModelSettings(
            top_p=0.9,
            reasoning_effort="low",
            seed=7,
            stop=("END",),
            parallel_tool_calls=False,
            extra_body={"top_k": 20, "model": "other"},
        )

        await call_model(model(), settings=settings, tools=[WEATHER])

        body = provider.received[-1].body
        assert (
            body.items()
            >= {
                "model": "fake",
                "top_p": 0.9,
                "reasoning_effort": "low",
                "seed": 7,
                "stop": ["END"],
                "parallel_tool_calls": False,
                "top_k": 20,
            }.items()
        )

    async def test_of_parallel_calls_are_only_sent_with_tools(
        self, model: Any, provider: FakeProvider
    ) -> None:
        await call_model(model(), settings=ModelSettings(parallel_tool_calls=True))

        assert "parallel_tool_calls" not in provider.received[-1].body

    async def test_that_no_one_can_leave_out_are_named_when_they_are_rejected(
        self, model: Any, provider: FakeProvider
    ) -> None:
        question = scripted(refuses="top_k", complaint="Unrecognized argument: top_k")

        error = await failure(
            model(), question, settings=ModelSettings(extra_body={"top_k": 20})
        )

        assert (error.code, provider.stats.requests) == ("unsupported_parameter", 1)
        assert "top_k" in error.detail
        assert error.provider_message == "Unrecognized argument: top_k"

    async def test_that_are_not_set_are_not_sent(
        self, model: Any, provider: FakeProvider
    ) -> None:
        await call_model(model())

        names = provider.received[-1].body.keys()
        assert names == {"model", "messages", "stream", "stream_options"}

    @pytest.mark.parametrize("name", ["o3-mini", "gpt-5", "openai/gpt-6-luna"])
    async def test_are_adapted_to_reasoning_models(
        self, model: Any, provider: FakeProvider, name: str
    ) -> None:
        await call_model(model(name), settings=ModelSettings(0.5, 100))

        body = provider.received[-1].body
        assert body["max_completion_tokens"] == 100
        assert not body.keys() & {"max_tokens", "temperature"}

    @pytest.mark.parametrize("name", ["gpt-4o", "gpt-5-chat-latest", "olmo", "o"])
    async def test_are_sent_unchanged_to_other_models(
        self, model: Any, provider: FakeProvider, name: str
    ) -> None:
        await call_model(model(name), settings=ModelSettings(0.5, 100))

        assert provider.received[-1].body["max_tokens"] == 100

    @pytest.mark.parametrize(
        ("rejected", "sent_instead"),
        [
            ("temperature", None),
            ("stream_options", None),
            ("top_p", None),
            ("reasoning_effort", None),
            ("seed", None),
            ("stop", None),
            ("max_tokens", "max_completion_tokens"),
        ],
    )
    async def test_that_a_server_rejects_are_omitted_from_then_on(
        self,
        model: Any,
        provider: FakeProvider,
        rejected: str,
        sent_instead: str | None,
    ) -> None:
        client = model(f"fake,refuses={rejected}")
        settings = ModelSettings(0.5, 100, 0.9, "low", 7, ("END",))

        await call_model(client, settings=settings)
        await call_model(client, settings=settings)

        assert provider.stats.requests == 3
        body = provider.received[-1].body
        assert rejected not in body
        assert sent_instead is None or body[sent_instead] == 100

    @pytest.mark.parametrize(
        ("rejected", "complaint"),
        [
            (
                "temperature",
                "litellm.UnsupportedParamsError: gpt-5 models don't support "
                "temperature=0.2. Only temperature=1 is supported.",
            ),
            ("temperature", "`temperature` may only be set to 1 when thinking."),
            ("temperature", "invalid temperature: only 1 is allowed for this model"),
            ("stream_options", "property 'stream_options' is unsupported"),
            (
                "max_tokens",
                "Unsupported parameter: 'max_tokens' is not supported with this "
                "model. Use 'max_completion_tokens' instead.",
            ),
        ],
    )
    async def test_that_a_server_rejects_by_message_are_omitted_too(
        self, model: Any, provider: FakeProvider, rejected: str, complaint: str
    ) -> None:
        question = scripted(refuses=rejected, complaint=complaint)
        client = model()

        for _ in range(2):
            await call_model(client, question, settings=ModelSettings(0.5, 100))

        assert provider.stats.requests == 3
        assert rejected not in provider.received[-1].body

    async def test_that_were_rejected_are_sent_again_after_a_day(
        self, model: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = model("fake,refuses=temperature")
        await call_model(client, settings=ModelSettings(0.5))
        monkeypatch.setattr(
            rejected_parameters, "monotonic", lambda: time.monotonic() + 86_401
        )

        await call_model(client, settings=ModelSettings(0.5))

        sent = ["temperature" in received.body for received in provider.received]
        assert sent == [True, False, True, False]

    async def test_that_did_not_cause_the_error_are_sent_again(
        self, model: Any, provider: FakeProvider
    ) -> None:
        """An error message that names a parameter may be about something else."""
        question = scripted(status=400, complaint="The temperature of hell? No.")
        client = model()

        error = await failure(client, question, settings=ModelSettings(0.5))
        await call_model(client, settings=ModelSettings(0.5))

        assert error.code == "provider_bad_request"
        sent = ["temperature" in received.body for received in provider.received]
        assert sent == [True, False, True]

    @pytest.mark.parametrize(
        ("rejected", "settings", "others"),
        [
            ("temperature", ModelSettings(1.5), ModelSettings(0.0)),
            ("max_tokens", ModelSettings(None, 10**6), ModelSettings(None, 100)),
        ],
    )
    async def test_that_were_rejected_with_one_value_are_sent_with_another(
        self,
        model: Any,
        provider: FakeProvider,
        rejected: str,
        settings: ModelSettings,
        others: ModelSettings,
    ) -> None:
        """All users share the client, and they choose different values."""
        client = model()

        await call_model(client, scripted(refuses=rejected), settings=settings)
        await call_model(client, settings=others)

        assert rejected in provider.received[-1].body

    async def test_that_were_rejected_are_kept_up_to_a_maximum(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rejected_parameters, "MAX_VALUES", 2)
        known = rejected_parameters.RejectedParameters()

        for value in (0.1, 0.2, 0.3):
            known.add(["temperature"], ModelSettings(value))

        found = [known.current(ModelSettings(value)) for value in (0.1, 0.2, 0.3)]
        assert found == [set(), set(), {"temperature"}]

    async def test_that_are_too_large_are_not_omitted(
        self, model: Any, provider: FakeProvider
    ) -> None:
        complaint = "max_tokens is too large: 100. This model supports at most 10."
        question = scripted(refuses="max_tokens", complaint=complaint)

        error = await failure(model(), question, settings=ModelSettings(None, 100))

        assert (error.code, provider.stats.requests) == ("provider_bad_request", 1)


async def test_fields_of_messages_that_a_server_rejects_are_omitted_from_then_on(
    model: Any, provider: FakeProvider
) -> None:
    complaint = "property 'messages.1.reasoning_content' is unsupported"
    question = scripted(refuses="seed", complaint=complaint)
    metadata = packed("openai", text_fields=["reasoning_content"])
    answer = Message("assistant", (ReasoningPart("hm", metadata), TextPart("Hi.")))
    client = model("fake")

    error = await failure(client, (answer, *question), settings=ModelSettings(seed=7))

    assert error.provider_message == complaint
    sent = ["reasoning_content" in r.body["messages"][0] for r in provider.received]
    assert sent == [True, False]


class TestStopping:
    async def test_by_closing_the_stream_closes_the_connection(
        self, model: Any, provider: FakeProvider
    ) -> None:
        stream = model("fake,then=hang").stream([user_message("hi")])
        await anext(stream)

        await stream.aclose()

        await eventually(
            "the connection to be closed", lambda: provider.stats.closed_by_client == 1
        )
        assert provider.stats.open == 0

    @pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
    async def test_by_cancelling_the_task_closes_the_connection(
        self, model: Any, provider: FakeProvider, script: str
    ) -> None:
        task = asyncio.create_task(call_model(model(f"fake,{script}")))
        await eventually("the request to arrive", lambda: provider.stats.open == 1)

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(
            "the connection to be closed", lambda: provider.stats.closed_by_client == 1
        )
        assert provider.stats.open == 0

    @pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
    async def test_by_closing_the_pool_fails_calls_in_progress(
        self, model: Any, provider: FakeProvider, pool: HttpPool, script: str
    ) -> None:
        task = asyncio.create_task(failure(model(f"fake,{script}")))
        await eventually("the request to arrive", lambda: provider.stats.open == 1)

        await pool.aclose()

        assert (await task).code == "provider_unavailable"


async def test_serves_many_concurrent_streams(
    model: Any, provider: FakeProvider
) -> None:
    client = model("fake,pieces=3,delay=0.2,text=abc")

    outputs = await asyncio.gather(*(call_model(client) for _ in range(300)))

    assert {output.text for output in outputs} == {"abc"}
    assert provider.stats.peak_open == 300
