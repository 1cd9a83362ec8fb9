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
from agentarium.runtime.providers.openai_client import OpenAIClient, OpenAIEndpoint
from agentarium.runtime.tests.model_calls import WEATHER, ask, failure
from agentarium.tests.eventually import eventually
from bench.fake_provider import FakeProvider

KEY = "sk-very-secret"


@pytest.fixture
def model(provider: FakeProvider, pool: HttpPool) -> Any:
    """Makes a client for a scripted model."""

    def make(name: str = "fake", **options: Any) -> OpenAIClient:
        endpoint = OpenAIEndpoint("Fake", f"{provider.url}/v1", KEY, **options)
        return OpenAIClient(endpoint, name, pool)

    return make


def scripted(**script: Any) -> tuple[Message, ...]:
    return (user_message(orjson.dumps({"fake": script}).decode()),)


class TestAnswer:
    async def test_streams_text_then_one_response(self, model: Any) -> None:
        answer = await ask(model(), scripted(text="grüße 🌍 " * 20, pieces=40))

        assert answer.text == answer.response.message.text == "grüße 🌍 " * 20
        assert answer.response.finish_reason == "stop"
        assert answer.response.model == "fake"
        assert answer.response.usage == Usage(12, 40, cached_input_tokens=4)

    async def test_is_one_delta_where_all_arrived_together(self, model: Any) -> None:
        answer = await ask(model(), scripted(text="word " * 50, pieces=50))

        assert answer.deltas == [TextDelta("word " * 50)]

    async def test_is_handed_on_as_it_arrives(self, model: Any) -> None:
        answer = await ask(model(), scripted(text="abc", pieces=3, delay=0.02))

        assert answer.deltas == [TextDelta("a"), TextDelta("b"), TextDelta("c")]

    async def test_is_handed_on_in_larger_pieces_beside_many_others(
        self, model: Any, pool: HttpPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "pause", lambda: 0.2)

        answer = await ask(model(), scripted(text="0123456789", pieces=10, delay=0.01))

        assert answer.text == "0123456789"
        first, *others = answer.deltas
        assert first == TextDelta("0")
        assert len(others) < 5

    async def test_keeps_reasoning_apart(self, model: Any) -> None:
        answer = await ask(model(), scripted(text="yes", reasoning="hm"))

        assert (answer.reasoning, answer.text) == ("hm", "yes")
        assert answer.response.message.parts == (ReasoningPart("hm"), TextPart("yes"))

    async def test_may_come_without_streaming(self, model: Any) -> None:
        answer = await ask(model("fake,is_streaming_ignored=true,text=whole"))

        assert answer.deltas == [TextDelta("whole")]
        assert answer.response.message.text == "whole"
        assert answer.response.usage.output_tokens == 1

    async def test_may_come_without_usage(self, model: Any) -> None:
        answer = await ask(model("fake,has_usage=false"))

        assert answer.response.usage == Usage()

    async def test_may_have_windows_line_ends(self, model: Any) -> None:
        answer = await ask(model(), scripted(text="abc", pieces=3, line_end="\r\n"))

        assert answer.text == "abc"

    async def test_says_when_it_was_cut_at_the_token_limit(self, model: Any) -> None:
        answer = await ask(model("fake,finish_reason=length"))

        assert answer.response.finish_reason == "length"

    async def test_reuses_the_connection(
        self, model: Any, provider: FakeProvider
    ) -> None:
        client = model()

        await ask(client)
        await ask(client)

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

        answer = await ask(model(), scripted(tool_calls=calls), tools=[WEATHER])

        assert answer.response.message.tool_calls == (
            ToolCallPart("call_0", "get_weather", '{"city": "Köln"}'),
            ToolCallPart("call_1", "get_weather", '{"city": "Brno"}'),
        )
        assert answer.response.finish_reason == "tool_calls"
        (tool,) = provider.received[-1].body["tools"]
        assert tool["function"]["parameters"] == WEATHER.parameters

    async def test_results_go_back_as_messages_of_their_own(
        self, model: Any, provider: FakeProvider
    ) -> None:
        call = ToolCallPart("call_0", "get_weather", "{}")
        history = (
            system_message("Be brief."),
            *scripted(tool_calls=["get_weather"], text="Sunny."),
            Message("assistant", (ReasoningPart("hm"), call)),
            Message("tool", (ToolResultPart("call_0", "get_weather", "sun"),)),
        )

        answer = await ask(model(), history, tools=[WEATHER])

        assert answer.text == "Sunny."
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

    async def test_reasoning_goes_back_where_the_provider_wants_it(
        self, model: Any, provider: FakeProvider
    ) -> None:
        call = ToolCallPart("call_0", "get_weather", "{}")
        history = (
            user_message("hi"),
            Message("assistant", (ReasoningPart("hm"), call)),
            Message("tool", (ToolResultPart("call_0", "get_weather", "sun"),)),
        )

        await ask(model(reasoning_field="reasoning_content"), history)

        sent = provider.received[-1].body["messages"]
        assert sent[1]["reasoning_content"] == "hm"


class TestSettings:
    async def test_are_sent_as_the_wire_names_them(
        self, model: Any, provider: FakeProvider
    ) -> None:
        await ask(model(), settings=ModelSettings(0.5, 100))

        body = provider.received[-1].body
        assert (body["temperature"], body["max_tokens"]) == (0.5, 100)
        assert body["stream_options"] == {"include_usage": True}
        assert provider.received[-1].headers["Authorization"] == f"Bearer {KEY}"

    async def test_that_are_not_set_are_not_sent(
        self, model: Any, provider: FakeProvider
    ) -> None:
        await ask(model())

        names = provider.received[-1].body.keys()
        assert names == {"model", "messages", "stream", "stream_options"}

    @pytest.mark.parametrize("name", ["o3-mini", "gpt-5", "openai/gpt-6-luna"])
    async def test_suit_reasoning_models(
        self, model: Any, provider: FakeProvider, name: str
    ) -> None:
        await ask(model(name), settings=ModelSettings(0.5, 100))

        body = provider.received[-1].body
        assert body["max_completion_tokens"] == 100
        assert not body.keys() & {"max_tokens", "temperature"}

    @pytest.mark.parametrize("name", ["gpt-4o", "gpt-5-chat-latest", "olmo", "o"])
    async def test_suit_all_other_models(
        self, model: Any, provider: FakeProvider, name: str
    ) -> None:
        await ask(model(name), settings=ModelSettings(0.5, 100))

        assert provider.received[-1].body["max_tokens"] == 100

    @pytest.mark.parametrize(
        ("refused", "sent_instead"),
        [
            ("temperature", None),
            ("stream_options", None),
            ("max_tokens", "max_completion_tokens"),
        ],
    )
    async def test_that_a_server_refuses_are_left_out_from_then_on(
        self,
        model: Any,
        provider: FakeProvider,
        refused: str,
        sent_instead: str | None,
    ) -> None:
        client = model(f"fake,refuses={refused}")

        await ask(client, settings=ModelSettings(0.5, 100))
        await ask(client, settings=ModelSettings(0.5, 100))

        assert provider.stats.requests == 3
        body = provider.received[-1].body
        assert refused not in body
        assert sent_instead is None or body[sent_instead] == 100

    @pytest.mark.parametrize(
        ("refused", "complaint"),
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
    async def test_that_a_server_refuses_in_words_are_left_out_too(
        self, model: Any, provider: FakeProvider, refused: str, complaint: str
    ) -> None:
        question = scripted(refuses=refused, complaint=complaint)
        client = model()

        for _ in range(2):
            await ask(client, question, settings=ModelSettings(0.5, 100))

        assert provider.stats.requests == 3
        assert refused not in provider.received[-1].body

    async def test_that_were_refused_are_tried_again_after_an_hour(
        self, model: Any, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = model("fake,refuses=temperature")
        await ask(client, settings=ModelSettings(0.5))
        monkeypatch.setattr(
            rejected_parameters, "monotonic", lambda: time.monotonic() + 3601
        )

        await ask(client, settings=ModelSettings(0.5))

        sent = ["temperature" in received.body for received in provider.received]
        assert sent == [True, False, True, False]

    async def test_that_are_not_to_blame_are_sent_the_next_time(
        self, model: Any, provider: FakeProvider
    ) -> None:
        """A complaint that names one may be about something else."""
        question = scripted(status=400, complaint="The temperature of hell? No.")
        client = model()

        error = await failure(client, question, settings=ModelSettings(0.5))
        await ask(client, settings=ModelSettings(0.5))

        assert error.code == "provider_bad_request"
        sent = ["temperature" in received.body for received in provider.received]
        assert sent == [True, False, True]

    async def test_that_are_too_large_stay_what_they_are(
        self, model: Any, provider: FakeProvider
    ) -> None:
        complaint = "max_tokens is too large: 100. This model supports at most 10."
        question = scripted(refuses="max_tokens", complaint=complaint)

        error = await failure(model(), question, settings=ModelSettings(None, 100))

        assert (error.code, provider.stats.requests) == ("provider_bad_request", 1)


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
        task = asyncio.create_task(ask(model(f"fake,{script}")))
        await eventually("the request to arrive", lambda: provider.stats.open == 1)

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(
            "the connection to be closed", lambda: provider.stats.closed_by_client == 1
        )
        assert provider.stats.open == 0

    @pytest.mark.parametrize("script", ["first_delay=30", "then=hang"])
    async def test_by_closing_the_pool_ends_calls_under_way(
        self, model: Any, provider: FakeProvider, pool: HttpPool, script: str
    ) -> None:
        task = asyncio.create_task(failure(model(f"fake,{script}")))
        await eventually("the request to arrive", lambda: provider.stats.open == 1)

        await pool.aclose()

        assert (await task).code == "provider_unavailable"


async def test_holds_many_streams_at_once(model: Any, provider: FakeProvider) -> None:
    client = model("fake,pieces=3,delay=0.2,text=abc")

    answers = await asyncio.gather(*(ask(client) for _ in range(300)))

    assert {answer.text for answer in answers} == {"abc"}
    assert provider.stats.peak_open == 300
