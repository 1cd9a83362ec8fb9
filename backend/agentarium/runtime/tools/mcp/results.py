"""The results of tools, as a model is told them."""

from typing import TYPE_CHECKING, Any

import orjson

from agentarium.runtime.tools.masking import SecretMask

if TYPE_CHECKING:
    from mcp_types import CallToolResult

MAX_CHARS = 50_000


def as_text(result: "CallToolResult", mask: SecretMask) -> str:
    parts = [_block(block) for block in result.content]
    if not parts and result.structured_content is not None:
        parts = [orjson.dumps(result.structured_content).decode()]
    text, is_cut = mask.beginning("\n".join(parts), MAX_CHARS)
    return f"{text}\n… (truncated: the result is longer)" if is_cut else text


def _block(block: Any) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "resource_link":
            return f"{block.title or block.name}: {block.uri}"
        case "resource" if hasattr(block.resource, "text"):
            return str(block.resource.text)
        case kind:
            return f"({kind}, which cannot be shown as text)"
