"""Token counts of OpenAI-compatible APIs."""

from typing import Any

from agentarium.runtime.messages import Usage

# The range of the columns. No response has as many tokens.
MAX_TOKENS = 2**31 - 1


def usage_of(usage: dict[str, Any]) -> Usage:
    """Token counts; missing or invalid ones count as 0."""
    input_tokens = _count(usage, "prompt_tokens")
    output_tokens = _count(usage, "completion_tokens")
    reasoning = _count(_details(usage, "completion_tokens_details"), "reasoning_tokens")
    cached = _count(_details(usage, "prompt_tokens_details"), "cached_tokens")
    # xAI does not include reasoning in the output tokens, as its total shows.
    if reasoning and _count(usage, "total_tokens") == sum(
        (input_tokens, output_tokens, reasoning)
    ):
        output_tokens = min(output_tokens + reasoning, MAX_TOKENS)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached or _count(usage, "prompt_cache_hit_tokens"),
        reasoning_tokens=reasoning,
    )


def _details(usage: dict[str, Any], name: str) -> dict[str, Any]:
    details = usage.get(name)
    return details if isinstance(details, dict) else {}


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return min(max(value, 0), MAX_TOKENS) if type(value) is int else 0
