"""Images of tool results, as models get them.

Few APIs take images in the result of a tool, and all take them in the message of a user.
So they follow the results. What the results say of them stays, for models that cannot see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agentarium.runtime.messages import (
    Message,
    Part,
    TextPart,
    ToolResultPart,
)

NOT_SEEN = "(The images cannot be shown to this model.)"


def has_images(messages: Sequence[Message]) -> bool:
    """Whether a conversation has images."""
    return any(_images_of(message) for message in messages)


def with_images(messages: Sequence[Message]) -> list[Message]:
    """The conversation with a message after each run of results that have images."""
    shown: list[Message] = []
    parts: list[Part] = []
    for message in messages:
        if message.role != "tool":
            shown += _shown(parts)
            parts = []
        shown.append(message)
        for result in _images_of(message):
            parts.append(TextPart(f"The images in the result of {result.name}:"))
            parts += result.images
    return [*shown, *_shown(parts)]


def without_images(messages: Sequence[Message]) -> list[Message]:
    """The conversation for a model that cannot see, which is told so."""
    return [_without_images(message) for message in messages]


def _shown(parts: list[Part]) -> Iterator[Message]:
    if parts:
        yield Message("user", tuple(parts))


def _images_of(message: Message) -> list[ToolResultPart]:
    return [
        part
        for part in message.parts
        if isinstance(part, ToolResultPart) and part.images
    ]


def _without_images(message: Message) -> Message:
    return replace(message, parts=tuple(map(_without_image, message.parts)))


def _without_image(part: Part) -> Part:
    if isinstance(part, ToolResultPart) and part.images:
        return replace(part, content=f"{part.content}\n{NOT_SEEN}", images=())
    return part
