"""The model call in progress: every way in which it ends settles it here, once."""

from collections.abc import Sequence

from agentarium.observability.metrics import count_tokens
from agentarium.providers.prices import find_price
from agentarium.runtime.call_usage import (
    NOTHING_USED,
    CallUsage,
    chars_of,
    settle_broken_call,
    settle_response,
    tool_chars,
)
from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import ToolDefinition


class OpenCall:
    """What an attempt's model call has sent, and what it used once it has ended.

    `messages` are those of the attempt, which grow.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._model = ""
        self.tools: Sequence[ToolDefinition] = ()

    def begin(self, model: str) -> None:
        """A request to this model is about to be sent."""
        self._model = model

    async def settle(self, response: ModelResponse) -> CallUsage:
        """The call ends with a complete response."""
        model, self._model = self._model, ""
        price = await find_price(model, answered_by=response.model)
        used = settle_response(response, sent_chars=self._sent_chars, price=price)
        count_tokens(model, used.usage)
        return used

    async def settle_broken(
        self, received_chars: int, *, may_be_charged: bool = True
    ) -> CallUsage:
        """The call, if there is one, ends without a complete response.

        For `may_be_charged`, see `ProviderError`.
        """
        model, self._model = self._model, ""
        if not model or not (received_chars or may_be_charged):
            return NOTHING_USED
        used = settle_broken_call(
            sent_chars=self._sent_chars,
            received_chars=received_chars,
            may_be_charged=may_be_charged,
            price=await find_price(model),
        )
        count_tokens(model, used.usage)
        return used

    @property
    def _sent_chars(self) -> int:
        return chars_of(self._messages) + tool_chars(self.tools)
