"""The APIs of OpenAI, Anthropic and Google, as their servers implement them."""

from collections.abc import Iterator
from typing import Any, Protocol

import orjson

from bench.fake_provider.script import ParsedRequest, Script

INPUT_TOKENS = 12


class ProviderApi(Protocol):
    """Parses requests and formats responses."""

    error_event: str

    def parse(self, body: dict[str, Any], model: str, action: str) -> ParsedRequest: ...

    def frames(self, script: Script, model: str) -> Iterator[bytes]:
        """The frames of the stream, without `final_frames`."""
        ...

    def final_frames(self, script: Script, model: str) -> bytes: ...

    def complete_body(self, script: Script, model: str) -> dict[str, Any]:
        """The body of a response that is not streamed."""
        ...

    def error_body(self, script: Script, message: str) -> dict[str, Any]: ...


def event(data: dict[str, Any], script: Script, name: str = "") -> bytes:
    end = script.line_end.encode()
    head = b"event: " + name.encode() + end if name else b""
    return head + b"data: " + orjson.dumps(data) + end + end


class OpenAIApi:
    error_event = ""

    def parse(self, body: dict[str, Any], model: str, action: str) -> ParsedRequest:
        messages = body["messages"]
        users = [n for n, message in enumerate(messages) if message["role"] == "user"]
        last = users[-1] if users else len(messages) - 1
        return ParsedRequest(
            model=body["model"],
            last_user_text=_text(messages[last]["content"]),
            tool_rounds_done=sum(
                message["role"] == "assistant" for message in messages[last:]
            ),
            is_stream=bool(body.get("stream")),
            body=body,
        )

    def frames(self, script: Script, model: str) -> Iterator[bytes]:
        yield self._chunk(script, model, {"role": "assistant", "content": ""})
        if script.reasoning:
            delta = {"reasoning_content": script.reasoning}
            yield self._chunk(script, model, delta)
        if script.tool_calls:
            yield from self._tool_frames(script, model)
            return
        for piece in script.text_pieces:
            yield self._chunk(script, model, {"content": piece})

    def _tool_frames(self, script: Script, model: str) -> Iterator[bytes]:
        """For each call, its id and name first, then its arguments in two pieces."""
        for index, call in enumerate(script.tool_calls):
            if script.are_tool_calls_whole:
                whole = _openai_call(index, call.name, call.arguments)
                yield self._chunk(script, model, {"tool_calls": [whole]})
                continue
            head = _openai_call(index, call.name, "")
            yield self._chunk(script, model, {"tool_calls": [head]})
            middle = len(call.arguments) // 2
            for part in (call.arguments[:middle], call.arguments[middle:]):
                piece = {"index": index, "function": {"arguments": part}}
                yield self._chunk(script, model, {"tool_calls": [piece]})

    def final_frames(self, script: Script, model: str) -> bytes:
        last = self._chunk(script, model, {}, self._finish_reason(script))
        if script.has_usage:
            data = {
                "id": "chatcmpl-fake",
                "object": "chat.completion.chunk",
                "created": 1_700_000_000,
                "model": model,
                "choices": [],
                "usage": self._usage(script),
            }
            last += event(data, script)
        return last + f"data: [DONE]{script.line_end * 2}".encode()

    def complete_body(self, script: Script, model: str) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": script.text}
        if script.reasoning:
            message["reasoning_content"] = script.reasoning
        if script.tool_calls:
            message["content"] = None
            message["tool_calls"] = [
                _openai_call(index, call.name, call.arguments)
                for index, call in enumerate(script.tool_calls)
            ]
        reason = self._finish_reason(script)
        body: dict[str, Any] = {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        }
        return body | ({"usage": self._usage(script)} if script.has_usage else {})

    def error_body(self, script: Script, message: str) -> dict[str, Any]:
        code = script.error_code or None
        parameter = None if script.complaint else script.refuses or None
        error = {"message": message, "type": "fake_error", "param": parameter}
        return {"error": error | {"code": code}}

    def _chunk(
        self,
        script: Script,
        model: str,
        delta: dict[str, Any],
        finish_reason: str | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        data = {
            "id": "chatcmpl-fake",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": model,
            "choices": [choice],
        }
        return event(data, script)

    def _finish_reason(self, script: Script) -> str:
        return script.finish_reason or ("tool_calls" if script.tool_calls else "stop")

    def _usage(self, script: Script) -> dict[str, Any]:
        return {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": script.output_tokens,
            "total_tokens": INPUT_TOKENS + script.output_tokens,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }


class AnthropicApi:
    error_event = "error"

    def parse(self, body: dict[str, Any], model: str, action: str) -> ParsedRequest:
        messages = body["messages"]
        with_text = [
            n
            for n, message in enumerate(messages)
            if message["role"] == "user" and _text(message["content"])
        ]
        last = with_text[-1] if with_text else 0
        return ParsedRequest(
            model=body["model"],
            last_user_text=_text(messages[last]["content"]),
            tool_rounds_done=sum(
                message["role"] == "assistant" for message in messages[last:]
            ),
            is_stream=bool(body.get("stream")),
            body=body,
        )

    def frames(self, script: Script, model: str) -> Iterator[bytes]:
        message = self._message(script, model) | {"content": [], "stop_reason": None}
        yield self._event(script, "message_start", {"message": message})
        blocks = self._blocks(script)
        for index, (start, deltas) in enumerate(blocks):
            head = {"index": index, "content_block": start}
            yield self._event(script, "content_block_start", head)
            for delta in deltas:
                piece = {"index": index, "delta": delta}
                yield self._event(script, "content_block_delta", piece)
            yield self._event(script, "content_block_stop", {"index": index})

    def _blocks(
        self, script: Script
    ) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        if script.reasoning:
            thinking = {"type": "thinking_delta", "thinking": script.reasoning}
            signature = {"type": "signature_delta", "signature": "c2lnbmVk"}
            start = {"type": "thinking", "thinking": "", "signature": ""}
            yield start, [thinking, signature]
        if script.tool_calls:
            for block in self._tool_blocks(script):
                arguments = orjson.dumps(block["input"]).decode()
                delta = {"type": "input_json_delta", "partial_json": arguments}
                yield block | {"input": {}}, [delta]
            return
        pieces = [{"type": "text_delta", "text": text} for text in script.text_pieces]
        yield {"type": "text", "text": ""}, pieces

    def final_frames(self, script: Script, model: str) -> bytes:
        usage = {"output_tokens": script.output_tokens}
        delta = {"stop_reason": self._stop_reason(script), "stop_sequence": None}
        last = self._event(script, "message_delta", {"delta": delta, "usage": usage})
        return last + self._event(script, "message_stop", {})

    def complete_body(self, script: Script, model: str) -> dict[str, Any]:
        return self._message(script, model)

    def error_body(self, script: Script, message: str) -> dict[str, Any]:
        error = {"type": script.error_code or "overloaded_error", "message": message}
        return {"type": "error", "error": error, "request_id": "req_fake"}

    def _message(self, script: Script, model: str) -> dict[str, Any]:
        text: list[dict[str, Any]] = [{"type": "text", "text": script.text}]
        return {
            "id": "msg_fake",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": self._tool_blocks(script) or text,
            "stop_reason": self._stop_reason(script),
            "stop_sequence": None,
            "usage": {
                "input_tokens": INPUT_TOKENS,
                "output_tokens": script.output_tokens,
                "cache_read_input_tokens": 4,
                "cache_creation_input_tokens": 0,
            },
        }

    def _tool_blocks(self, script: Script) -> list[dict[str, Any]]:
        return [
            {
                "type": "tool_use",
                "id": f"toolu_{index}",
                "name": call.name,
                "input": orjson.loads(call.arguments),
            }
            for index, call in enumerate(script.tool_calls)
        ]

    def _stop_reason(self, script: Script) -> str:
        return script.finish_reason or ("tool_use" if script.tool_calls else "end_turn")

    def _event(self, script: Script, name: str, data: dict[str, Any]) -> bytes:
        return event({"type": name} | data, script, name)


class GoogleApi:
    error_event = ""

    def parse(self, body: dict[str, Any], model: str, action: str) -> ParsedRequest:
        contents = body["contents"]
        with_text = [
            n
            for n, content in enumerate(contents)
            if content.get("role") != "model" and _text(content["parts"])
        ]
        last = with_text[-1] if with_text else 0
        return ParsedRequest(
            model=model,
            last_user_text=_text(contents[last]["parts"]),
            tool_rounds_done=sum(
                content.get("role") == "model" for content in contents[last:]
            ),
            is_stream=action == "streamGenerateContent",
            body=body,
        )

    def frames(self, script: Script, model: str) -> Iterator[bytes]:
        for part in self._parts(script):
            candidate = {"content": {"parts": [part], "role": "model"}, "index": 0}
            data = {"candidates": [candidate], "modelVersion": model}
            yield event(data, script)

    def final_frames(self, script: Script, model: str) -> bytes:
        candidate = {
            "content": {"parts": [{"text": ""}], "role": "model"},
            "finishReason": script.finish_reason or "STOP",
            "index": 0,
        }
        data = {
            "candidates": [candidate],
            "usageMetadata": self._usage(script),
            "modelVersion": model,
        }
        return event(data, script)

    def complete_body(self, script: Script, model: str) -> dict[str, Any]:
        candidate = {
            "content": {"parts": list(self._parts(script)), "role": "model"},
            "finishReason": script.finish_reason or "STOP",
            "index": 0,
        }
        return {
            "candidates": [candidate],
            "usageMetadata": self._usage(script),
            "modelVersion": model,
        }

    def error_body(self, script: Script, message: str) -> dict[str, Any]:
        status = script.error_code or "UNAVAILABLE"
        code = script.status if script.status != 200 else 503
        return {"error": {"code": code, "message": message, "status": status}}

    def _parts(self, script: Script) -> Iterator[dict[str, Any]]:
        if script.reasoning:
            yield {"text": script.reasoning, "thought": True}
        if script.tool_calls:
            for call in script.tool_calls:
                arguments = orjson.loads(call.arguments)
                yield {"functionCall": {"name": call.name, "args": arguments}}
            return
        for piece in script.text_pieces:
            yield {"text": piece}

    def _usage(self, script: Script) -> dict[str, Any]:
        return {
            "promptTokenCount": INPUT_TOKENS,
            "candidatesTokenCount": script.output_tokens,
            "totalTokenCount": INPUT_TOKENS + script.output_tokens,
            "cachedContentTokenCount": 4,
        }


def _openai_call(index: int, name: str, arguments: str) -> dict[str, Any]:
    return {
        "index": index,
        "id": f"call_{index}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _text(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())
