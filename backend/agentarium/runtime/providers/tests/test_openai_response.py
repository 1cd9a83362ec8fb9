"""How servers deviate from OpenAI's API."""

import json
import re
from typing import Any

import orjson
import pytest

from agentarium.runtime.messages import (
    ModelResponse,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    Usage,
    message_from_json,
    message_to_json,
    user_message,
)
from agentarium.runtime.providers.base import (
    PROVIDER_DEFAULTS,
    ProviderError,
    ReasoningDelta,
    TextDelta,
)
from agentarium.runtime.providers.failures import CalledModel
from agentarium.runtime.providers.openai.request import Dialect, request_body
from agentarium.runtime.providers.openai.response import OpenAIResponseBuilder
from agentarium.runtime.providers.openai.text_repair import repaired
from agentarium.runtime.providers.provider_metadata import unpacked


def chunk(
    delta: dict[str, Any] | None = None, finish_reason: str | None = None
) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    return orjson.dumps({"model": "m-1", "choices": [choice]})


def response_of(*events: bytes) -> ModelResponse:
    builder = OpenAIResponseBuilder(CalledModel("Fake", "m"), provider="fake")
    builder.add(events)
    builder.finish()
    return builder.build()


def call(**fragment: Any) -> bytes:
    return chunk({"tool_calls": [fragment]})


STOP = chunk(finish_reason="stop")
USAGE = orjson.dumps({"choices": [], "usage": {"prompt_tokens": 3}})


def test_merges_deltas_that_arrive_together_in_order() -> None:
    builder = OpenAIResponseBuilder(CalledModel("Fake", "m"), provider="fake")

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

    reasoning, text = response.message.parts
    assert isinstance(reasoning, ReasoningPart)
    assert (reasoning.text, text) == ("hm", TextPart("yes"))
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


NEW_ID_EACH_PIECE = [
    {"index": 0, "id": "1", "function": {"name": "f", "arguments": ""}},
    {"index": 0, "id": "2", "function": {"arguments": '{"x":'}},
    {"index": 0, "id": "3", "function": {"arguments": " 1}"}},
]
NAME_IN_EACH_PIECE = [
    {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"x":'}},
    {"index": 0, "id": "2", "function": {"name": "f", "arguments": " 1}"}},
]
HEAD_WITH_EMPTY_OBJECT = [
    {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}},
    {"index": 0, "function": {"arguments": '{"x": 1}'}},
]
REPEATED_AT_THE_END = [
    {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"x": 1}'}},
    {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"x": 1}'}},
]
WITHOUT_INDEX = [
    {"id": "1", "function": {"name": "f", "arguments": '{"x":'}},
    {"function": {"arguments": " 1}"}},
]


class TestPlaces:
    """Calls are told apart by their place, whatever their ids and numbers are."""

    @pytest.mark.parametrize(
        "pieces",
        [
            NEW_ID_EACH_PIECE,
            NAME_IN_EACH_PIECE,
            HEAD_WITH_EMPTY_OBJECT,
            REPEATED_AT_THE_END,
            WITHOUT_INDEX,
        ],
    )
    def test_pieces_of_one_call_are_one_call(
        self, pieces: list[dict[str, Any]]
    ) -> None:
        response = response_of(*(call(**piece) for piece in pieces), STOP)

        (part,) = response.message.tool_calls
        assert (part.tool_call_id, part.name) == ("1", "f")
        assert orjson.loads(part.arguments) == {"x": 1}

    @pytest.mark.parametrize("indexes", [(0, 1), (0, 0), (None, None)])
    @pytest.mark.parametrize("ids", [("f", "f"), ("", ""), (None, None), ("a", "b")])
    @pytest.mark.parametrize("is_one_chunk", [True, False])
    @pytest.mark.parametrize(
        "arguments", [('{"x": 1}', '{"x": 2}'), ("{}", '{"x": 1}')]
    )
    def test_calls_at_two_places_are_two_calls(
        self,
        indexes: tuple[int | None, ...],
        ids: tuple[str | None, ...],
        is_one_chunk: bool,  # noqa: FBT001
        arguments: tuple[str, str],
    ) -> None:
        pieces = [
            {
                "index": index,
                "id": tool_id,
                "function": {"name": "f", "arguments": text},
            }
            for index, tool_id, text in zip(indexes, ids, arguments, strict=True)
        ]
        chunks = [pieces] if is_one_chunk else [[piece] for piece in pieces]

        response = response_of(*(chunk({"tool_calls": each}) for each in chunks), STOP)

        first, second = response.message.tool_calls
        assert (first.arguments, second.arguments) == arguments
        assert first.tool_call_id != second.tool_call_id

    def test_equal_calls_in_one_chunk_are_two_calls(self) -> None:
        piece = {"id": "f", "function": {"name": "f", "arguments": "{}"}}

        response = response_of(chunk({"tool_calls": [piece, piece]}), STOP)

        assert len(response.message.tool_calls) == 2

    @pytest.mark.parametrize(
        "provider_id",
        ["x" * 1200, "a\x00b", "a b", "\u0627\u0644", "\U0001f600", "a\ud83d"],
    )
    def test_an_odd_id_is_only_kept_for_its_provider(self, provider_id: str) -> None:
        piece = {"id": provider_id, "function": {"name": "f", "arguments": "{}"}}
        data = json.dumps({"choices": [{"delta": {"tool_calls": [piece]}}]}).encode()

        response = response_of(data, STOP)

        (part,) = response.message.tool_calls
        assert re.fullmatch(r"call_[0-9a-f]{32}", part.tool_call_id)
        kept = unpacked(part.provider_metadata, "fake")["call_id"]
        assert kept == repaired(provider_id)

    def test_the_old_function_call_is_a_call(self) -> None:
        response = response_of(
            chunk({"function_call": {"name": "f", "arguments": '{"x":'}}),
            chunk({"function_call": {"arguments": " 1}"}}),
            chunk(finish_reason="function_call"),
        )

        (part,) = response.message.tool_calls
        assert (part.name, part.arguments) == ("f", '{"x": 1}')
        assert response.finish_reason == "tool_calls"


class TestMetadata:
    """What a server sends next to its text goes back to it unchanged."""

    def sent_back(self, *chunks: bytes, provider: str = "fake") -> dict[str, Any]:
        response = response_of(*chunks, STOP)
        stored = message_from_json(
            orjson.loads(orjson.dumps(message_to_json(response.message)))
        )
        body = request_body(
            "m",
            [user_message("hi"), stored],
            [],
            PROVIDER_DEFAULTS,
            dialect=Dialect(provider),
        )
        sent: dict[str, Any] = body["messages"][1]
        return sent

    @pytest.mark.parametrize(
        "field", ["reasoning_content", "reasoning", "reasoning_text"]
    )
    def test_reasoning_in_its_field(self, field: str) -> None:
        pieces = [chunk({field: "Let me "}), chunk({field: "see."})]

        sent = self.sent_back(*pieces, call(id="a", function={"name": "f"}))

        assert sent[field] == "Let me see."

    @pytest.mark.parametrize(
        "fields",
        [
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "ZW5j"}]},
            {
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "a", "signature": "b"}
                ]
            },
            {"extra_content": {"google": {"thought_signature": "c2ln"}}},
            {"provider_specific_fields": {"thought_signatures": ["c2ln"]}},
            {"reasoning_opaque": "b3BhcXVl"},
        ],
    )
    def test_fields_of_a_message(self, fields: dict[str, Any]) -> None:
        sent = self.sent_back(chunk({"content": "yes"} | fields))

        assert sent == {"role": "assistant", "content": "yes"} | fields

    def test_fields_of_a_call_and_its_function(self) -> None:
        extra = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
        function = {"name": "f", "arguments": "{}", "thought_signature": "eA=="}
        head = {"index": 0, "id": "a", "type": "function", "function": function}

        sent = self.sent_back(chunk({"tool_calls": [head | extra]}))

        (sent_call,) = sent["tool_calls"]
        assert (
            sent_call == {"id": "a", "type": "function", "function": function} | extra
        )

    def test_a_signature_that_comes_after_its_call(self) -> None:
        extra = {"extra_content": {"google": {"thought_signature": "c2ln"}}}

        sent = self.sent_back(
            call(index=0, id="a", function={"name": "f", "arguments": "{}"}),
            call(index=0, **extra),
        )

        assert sent["tool_calls"][0]["extra_content"] == extra["extra_content"]

    def test_an_odd_id_of_a_call(self) -> None:
        sent = self.sent_back(call(id="x" * 1200, function={"name": "f"}))

        assert sent["tool_calls"][0]["id"] == "x" * 1200

    def test_blocks_that_come_in_pieces(self) -> None:
        def piece(**block: Any) -> bytes:
            return chunk({"reasoning_details": [{"index": 0} | block]})

        sent = self.sent_back(
            piece(type="reasoning.text", text="Let "),
            piece(type="reasoning.text", text="me see."),
            piece(type="reasoning.text", signature="c2ln"),
            piece(type="reasoning.text", text="Next."),
            piece(type="reasoning.encrypted", data="ZW5j"),
            piece(type="reasoning.encrypted", data="bW9yZQ=="),
            chunk({"content": "yes"}),
        )

        assert sent["reasoning_details"] == [
            {
                "index": 0,
                "type": "reasoning.text",
                "text": "Let me see.",
                "signature": "c2ln",
            },
            {"index": 0, "type": "reasoning.text", "text": "Next."},
            {"index": 0, "type": "reasoning.encrypted", "data": "ZW5j"},
            {"index": 0, "type": "reasoning.encrypted", "data": "bW9yZQ=="},
        ]

    def test_nothing_goes_to_another_provider(self) -> None:
        sent = self.sent_back(
            chunk({"reasoning_content": "hm", "extra_content": {"a": 1}}),
            call(id="x" * 100, function={"name": "f", "x": 1}, extra_content={"a": 1}),
            provider="other",
        )

        assert sent.keys() == {"role", "content", "tool_calls"}
        assert sent["tool_calls"][0].keys() == {"id", "type", "function"}
        assert sent["tool_calls"][0]["function"].keys() == {"name", "arguments"}
        assert len(sent["tool_calls"][0]["id"]) <= 64

    def test_fields_that_mean_nothing_are_not_kept(self) -> None:
        empty: dict[str, Any] = {
            "reasoning_content": None,
            "reasoning_details": [],
            "extra_content": {},
        }

        response = response_of(chunk({"content": "yes", "logprobs": {}} | empty), STOP)

        assert response.message.parts == (TextPart("yes"),)


class TestEnd:
    """Some servers end a stream without saying why."""

    @pytest.mark.parametrize(
        ("events", "reason"),
        [
            ([chunk({"content": "yes"}), b"[DONE]"], "stop"),
            ([chunk({"content": "yes"}), USAGE], "stop"),
            ([chunk({"content": "yes"})], "other"),
            ([chunk({"content": "yes"}, "")], "other"),
            ([chunk({"content": "yes"}, "eos")], "other"),
            ([chunk({"content": "yes"}, "length")], "length"),
        ],
    )
    def test_text_or_usage_make_a_response(
        self, events: list[bytes], reason: str
    ) -> None:
        response = response_of(*events)

        assert (response.message.text, response.finish_reason) == ("yes", reason)

    @pytest.mark.parametrize("end", [[], [USAGE], [b"[DONE]"]])
    def test_a_call_with_half_its_arguments_is_cut_off(self, end: list[bytes]) -> None:
        half = call(id="a", function={"name": "f", "arguments": '{"x": '})

        with pytest.raises(ProviderError) as caught:
            response_of(half, *end)

        assert (caught.value.code, caught.value.is_transient) == (
            "provider_unavailable",
            True,
        )

    def test_has_the_word_of_the_provider(self) -> None:
        response = response_of(chunk({"content": "I "}, "refusal"))

        assert response.provider_finish_reason == "refusal"
        assert response.finish_reason == "other"


class TestKeepAlives:
    @pytest.mark.parametrize(
        "event", [b"", b"ping", b"{}", b"null", b"[]", b'"ok"', b'{"type": "ping"}']
    )
    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_are_skipped(self, event: bytes, place: int) -> None:
        events = [chunk({"content": "yes"}), STOP]
        events.insert(place, event)

        assert response_of(*events).message.text == "yes"


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
            (
                [chunk({"content": "half"}), b'{"choices": [{"de'],
                "provider_unavailable",
            ),
            ([chunk({"content": "half"}, "error")], "provider_unavailable"),
            ([b"ping"], "provider_protocol"),
            (
                [b'{"object": "error", "message": "m", "code": 400}'],
                "provider_bad_request",
            ),
            ([b'{"code": "InvalidParameter", "message": "m"}'], "provider_unavailable"),
            ([b'{"error": {"code": 429}}'], "provider_rate_limited"),
            ([b'{"error": "overloaded"}'], "provider_unavailable"),
        ],
    )
    def test_has_the_code_of_its_cause(self, events: list[bytes], code: str) -> None:
        with pytest.raises(ProviderError) as caught:
            response_of(*events)

        assert caught.value.code == code
