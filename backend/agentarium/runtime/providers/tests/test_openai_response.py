"""How servers deviate from OpenAI's API."""

from typing import Any

import orjson
import pytest

from agentarium.runtime.messages import (
    ModelResponse,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    Usage,
)
from agentarium.runtime.providers.base import (
    ProviderError,
    ReasoningDelta,
    TextDelta,
)
from agentarium.runtime.providers.openai.response import OpenAIResponseBuilder


def chunk(
    delta: dict[str, Any] | None = None, finish_reason: str | None = None
) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    return orjson.dumps({"model": "m-1", "choices": [choice]})


def response_of(*events: bytes) -> ModelResponse:
    builder = OpenAIResponseBuilder(title="Fake", model="m")
    builder.add(events)
    return builder.build()


def call(**fragment: Any) -> bytes:
    return chunk({"tool_calls": [fragment]})


STOP = chunk(finish_reason="stop")


def test_merges_deltas_that_arrive_together_in_order() -> None:
    builder = OpenAIResponseBuilder(title="Fake", model="m")

    deltas = builder.add(
        [
            chunk({"reasoning_content": "Let me "}),
            chunk({"reasoning": "think."}),
            chunk({"content": "Hel"}),
            chunk({"content": "lo"}),
        ]
    )

    assert deltas == [ReasoningDelta("Let me think."), TextDelta("Hello")]


def test_keeps_reasoning_before_text() -> None:
    response = response_of(
        chunk({"reasoning_content": "hm"}), chunk({"content": "yes"}), STOP
    )

    assert response.message.parts == (ReasoningPart("hm"), TextPart("yes"))
    assert response.model == "m-1"


def test_reads_content_that_is_a_list_of_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]

    assert response_of(chunk({"content": parts}), STOP).message.text == "ab"


class TestToolCalls:
    def test_are_assembled_by_index(self) -> None:
        response = response_of(
            call(index=0, id="a", function={"name": "f", "arguments": ""}),
            call(index=1, id="b", function={"name": "g", "arguments": '{"x"'}),
            call(index=0, function={"arguments": "{}"}),
            call(index=1, function={"arguments": ":1}"}),
            chunk(finish_reason="tool_calls"),
        )

        assert response.message.tool_calls == (
            ToolCallPart("a", "f", "{}"),
            ToolCallPart("b", "g", '{"x":1}'),
        )
        assert response.finish_reason == "tool_calls"

    def test_without_an_index_start_at_a_new_id(self) -> None:
        response = response_of(
            call(id="a", function={"name": "f", "arguments": "{}"}),
            call(id="b", function={"name": "g", "arguments": '{"x"'}),
            call(function={"arguments": ":1}"}),
            STOP,
        )

        assert response.message.tool_calls == (
            ToolCallPart("a", "f", "{}"),
            ToolCallPart("b", "g", '{"x":1}'),
        )
        assert response.finish_reason == "tool_calls"

    def test_all_at_index_0_start_at_a_new_id(self) -> None:
        response = response_of(
            call(index=0, id="a", function={"name": "f", "arguments": "{}"}),
            call(index=0, id="b", function={"name": "f", "arguments": "{}"}),
            STOP,
        )

        assert [part.tool_call_id for part in response.message.tool_calls] == ["a", "b"]

    def test_that_repeat_their_id_are_one_call(self) -> None:
        response = response_of(
            call(index=0, id="a", function={"name": "f", "arguments": "{"}),
            call(index=0, id="a", function={"name": "f", "arguments": "}"}),
            STOP,
        )

        assert response.message.tool_calls == (ToolCallPart("a", "f", "{}"),)

    def test_without_id_or_arguments_get_them(self) -> None:
        response = response_of(call(index=0, function={"name": "f"}), STOP)

        (part,) = response.message.tool_calls
        assert part.tool_call_id
        assert part.arguments == "{}"

    def test_with_an_object_as_arguments_become_json(self) -> None:
        response = response_of(
            call(index=0, id="a", function={"name": "f", "arguments": {"x": 1}}), STOP
        )

        assert response.message.tool_calls[0].arguments == '{"x":1}'


class TestUsage:
    def test_is_the_last_count(self) -> None:
        first = orjson.dumps({"choices": [], "usage": {"prompt_tokens": 3}})
        last = orjson.dumps(
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
        )

        assert response_of(STOP, first, last).usage == Usage(3, 2)

    def test_adds_reasoning_that_the_output_excludes(self) -> None:
        usage = {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 35,
            "completion_tokens_details": {"reasoning_tokens": 20},
        }

        response = response_of(STOP, orjson.dumps({"choices": [], "usage": usage}))

        assert response.usage == Usage(10, 25, reasoning_tokens=20)

    @pytest.mark.parametrize(
        "usage", [None, {}, [], {"prompt_tokens": "many", "completion_tokens": -1}]
    )
    def test_is_zero_if_missing_or_invalid(self, usage: object) -> None:
        end = orjson.dumps({"choices": [], "usage": usage})

        assert response_of(STOP, end).usage == Usage()


class TestFailure:
    @pytest.mark.parametrize(
        ("events", "code"),
        [
            ([b"{not json"], "provider_protocol"),
            ([b"[]"], "provider_protocol"),
            ([b'{"hello": "world"}'], "provider_protocol"),
            ([b'{"choices": "none"}'], "provider_protocol"),
            ([b'{"choices": [{"delta": {"content": 7}}]}'], "provider_protocol"),
            ([b"[DONE]"], "provider_protocol"),
            ([], "provider_unavailable"),
            ([chunk({"content": "half an ans"})], "provider_unavailable"),
            ([b'{"error": {"code": 429}}'], "provider_rate_limited"),
            ([b'{"error": "overloaded"}'], "provider_unavailable"),
        ],
    )
    def test_has_the_code_of_its_cause(self, events: list[bytes], code: str) -> None:
        with pytest.raises(ProviderError) as caught:
            response_of(*events)

        assert caught.value.code == code
