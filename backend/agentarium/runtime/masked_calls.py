"""Masks known secrets in what a model says, also where they are split over deltas."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from agentarium.runtime.loop import CallModel
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from agentarium.runtime.providers.base import (
    Delta,
    ProviderError,
    ReasoningDelta,
    TextDelta,
)
from agentarium.runtime.retries import Retried
from agentarium.runtime.tools.masking import MaskedStream, SecretMask


def masked(call: CallModel, mask: SecretMask) -> CallModel:
    """The same calls, whose deltas, responses and retries show none of the secrets."""
    if not mask:
        return call

    async def call_masked(
        messages: Sequence[Message],
    ) -> AsyncGenerator[Delta | Retried | ModelResponse, None]:
        deltas = _MaskedDeltas(mask)
        async with aclosing(call(messages)) as outputs:
            try:
                async for output in outputs:
                    for shown in _shown(output, deltas, mask):
                        yield shown
            except ProviderError:
                # What is held back belongs to the text that was shown.
                for shown in deltas.finish():
                    yield shown
                raise

    return call_masked


def _shown(
    output: Delta | Retried | ModelResponse, deltas: "_MaskedDeltas", mask: SecretMask
) -> Iterator[Delta | Retried | ModelResponse]:
    match output:
        case TextDelta() | ReasoningDelta():
            yield from deltas.add(output)
        case Retried():
            yield from deltas.finish()
            message = mask.apply(output.provider_message)
            yield replace(
                output, detail=mask.apply(output.detail), provider_message=message
            )
        case ModelResponse():
            yield from deltas.finish()
            parts = tuple(_masked_part(part, mask) for part in output.message.parts)
            yield replace(output, message=replace(output.message, parts=parts))


class _MaskedDeltas:
    """The deltas of one response. A change of the channel ends the text before it."""

    def __init__(self, mask: SecretMask) -> None:
        self._mask = mask
        self._stream = MaskedStream(mask)
        self._kind: type[TextDelta] | type[ReasoningDelta] = TextDelta

    def add(self, delta: Delta) -> Iterator[Delta]:
        if type(delta) is not self._kind:
            yield from self.finish()
            self._kind = type(delta)
        if text := self._stream.add(delta.text):
            yield self._kind(text)

    def finish(self) -> Iterator[Delta]:
        if text := self._stream.finish():
            yield self._kind(text)


def _masked_part(part: Part, mask: SecretMask) -> Part:
    match part:
        case TextPart() | ReasoningPart():
            metadata = mask.apply(part.provider_metadata)
            return replace(part, text=mask.apply(part.text), provider_metadata=metadata)
        case ToolCallPart():
            metadata = mask.apply(part.provider_metadata)
            arguments = mask.apply(part.arguments)
            return replace(part, arguments=arguments, provider_metadata=metadata)
    return part
