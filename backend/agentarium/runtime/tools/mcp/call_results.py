"""The results of tools in the forms that servers give them.

A tool has been called when its result comes. So whatever the result is, the model gets
what can be understood of it.
"""

from collections.abc import Iterator
from typing import Any

import orjson

MAX_PARTS = 200
_TRUE = (True, 1, "true", "True")
# Fields of a result that say nothing about what the tool has done.
_OTHER_FIELDS = frozenset(
    {"_meta", "content", "isError", "structuredContent", "resultType"}
)
Block = dict[str, Any]


def readable_result(result: dict[str, Any]) -> dict[str, Any]:
    """A result with nothing but texts and images, as the SDK accepts it."""
    if result.get("resultType") == "input_required":
        return result
    content = _content(result)
    blocks = [_block(part) for part in content[:MAX_PARTS]]
    if len(content) > MAX_PARTS:
        note = f"… (truncated: the result has {len(content):,} parts)"
        blocks.append(_text(note))
    return {
        "content": blocks,
        "isError": result.get("isError") in _TRUE,
        "resultType": "complete",
    }


def _content(result: dict[str, Any]) -> list[Any]:
    """The parts of a result. Without content, what else it has."""
    content = result.get("content")
    if isinstance(content, list) and content:
        return content
    if content:
        return [content]
    if result.get("structuredContent") is not None:
        return [_json(result["structuredContent"])]
    others = {
        name: value for name, value in result.items() if name not in _OTHER_FIELDS
    }
    return [_json(others)] if others else []


def _block(part: Any) -> Block:
    if isinstance(part, str):
        return _text(part)
    if not isinstance(part, dict):
        return _text(_json(part))
    text = next(_texts(part), None)
    if text is not None:
        return _text(text)
    return _picture(part) or _text(_placeholder(part) or _json(part))


def _texts(part: Block) -> Iterator[str]:
    """The text of a block, if it has one in a form that is known."""
    match part:
        case {"type": "text", "text": str(text)}:
            yield text
        case {"type": "resource", "resource": {"text": str(text)}}:
            yield text
        case {"type": "resource_link", "uri": str(uri)}:
            yield f"{part.get('title') or part.get('name') or 'Link'}: {uri}"


def _picture(part: Block) -> Block | None:
    match part:
        case {"type": "image", "data": str(data), "mimeType": str(kind)}:
            return {"type": "image", "data": data, "mimeType": kind}
        case {
            "type": "resource",
            "resource": {"blob": str(data), "mimeType": str(kind)},
        }:
            if kind.startswith("image/"):
                return {"type": "image", "data": data, "mimeType": kind}
    return None


def _placeholder(part: Block) -> str:
    """The name of a block that has data, but no text."""
    match part:
        case {"type": str(kind), "data": str()}:
            return f"({_named(kind, part)}, which cannot be shown as text)"
        case {"type": "resource", "resource": {"blob": str()} as resource}:
            return f"({_named('resource', resource)}, which cannot be shown as text)"
    return ""


def _named(kind: str, part: Block) -> str:
    media_type = part.get("mimeType")
    return f"{kind}, {media_type}" if isinstance(media_type, str) else kind


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return "(A value that is nested too deeply to be shown.)"
