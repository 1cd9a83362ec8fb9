"""Settles model calls: what each has used, however it ended.

A provider reports the tokens of a complete response. Those of a call that was cut off,
failed or interrupted are estimated, since it charges for them all the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from agentarium.runtime.messages import (
    ImagePart,
    Message,
    ModelResponse,
    Part,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from agentarium.runtime.prices import Price
from agentarium.runtime.providers.base import ToolDefinition

CHARS_PER_TOKEN = 4
# Providers count an image as 100 to 1,600 tokens, by its size.
CHARS_PER_IMAGE = 4_000
NO_TOKENS = Usage()


@dataclass(frozen=True, slots=True)
class CallUsage:
    """The tokens of a model call, and their cost, which is None without a price.

    With `is_estimate`, the provider did not count them. `cost_is_complete` is False if
    the provider may charge for more than that.
    """

    usage: Usage = NO_TOKENS
    cost_nanodollars: int | None = 0
    is_estimate: bool = False
    cost_is_complete: bool = True

    @property
    def has_tokens(self) -> bool:
        return self.usage != NO_TOKENS


NOTHING_USED = CallUsage()


def settle_response(
    response: ModelResponse, *, sent_chars: int, price: Price | None
) -> CallUsage:
    """What a complete response has used.

    If its provider reports no tokens, they are estimated, and the cost is not complete:
    reasoning that was not sent is charged for, too.
    """
    if response.usage != NO_TOKENS:
        return _priced(response.usage, price)
    usage = estimated(sent_chars, chars_of([response.message]))
    return _priced(usage, price, is_estimate=True, is_known=False)


def settle_broken_call(
    *,
    sent_chars: int,
    received_chars: int,
    may_be_charged: bool,
    price: Price | None,
) -> CallUsage:
    """What a call without a complete response has used.

    A call of which nothing has arrived is free if the provider did not begin to respond.
    If it may have, only what was sent is known.
    """
    if not (received_chars or may_be_charged):
        return NOTHING_USED
    usage = estimated(sent_chars, received_chars)
    return _priced(usage, price, is_estimate=True, is_known=received_chars > 0)


def estimated(sent_chars: int, received_chars: int) -> Usage:
    return Usage(sent_chars // CHARS_PER_TOKEN, -(-received_chars // CHARS_PER_TOKEN))


def chars_of(messages: Iterable[Message]) -> int:
    """The length of everything in messages that counts as tokens."""
    return sum(_chars(part) for message in messages for part in message.parts)


def tool_chars(tools: Sequence[ToolDefinition]) -> int:
    """The length of the definitions of tools, which each request contains."""
    return sum(
        len(tool.name) + len(tool.description) + len(orjson.dumps(tool.parameters))
        for tool in tools
    )


def _chars(part: Part) -> int:
    match part:
        case ToolCallPart():
            return len(part.name) + len(part.arguments)
        case ToolResultPart():
            return len(part.content) + CHARS_PER_IMAGE * len(part.images)
        case ImagePart():
            return CHARS_PER_IMAGE
    return len(part.text)


def _priced(
    usage: Usage,
    price: Price | None,
    *,
    is_estimate: bool = False,
    is_known: bool = True,
) -> CallUsage:
    cost = price.of(usage) if price else None
    is_free = price is not None and price.is_free
    return CallUsage(
        usage,
        cost,
        is_estimate=is_estimate and usage != NO_TOKENS,
        cost_is_complete=cost is not None and (is_known or is_free),
    )
