"""The results of tools, as a model is told them."""

from typing import TYPE_CHECKING, Any

from agentarium.runtime.tools.masking import SecretMask

if TYPE_CHECKING:
    from mcp_types import CallToolResult

MAX_CHARS = 50_000


def as_text(result: "CallToolResult", mask: SecretMask) -> str:
    text, is_cut = mask.beginning("\n".join(map(_text, result.content)), MAX_CHARS)
    return f"{text}\n… (truncated: the result is longer)" if is_cut else text


def _text(block: Any) -> str:
    """The text of a block: see `call_results.py`."""
    if block.type == "text":
        return str(block.text)
    return f"({block.type}, {block.mime_type}, which cannot be shown as text)"
