"""Reading server-sent events as a browser does."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Frame:
    type: str
    id: str
    data: dict[str, Any]


def frames_of(chunk: bytes) -> Iterator[Frame]:
    """The events in a chunk, without comments and retry hints."""
    for block in chunk.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if "event" in lines:
            data = orjson.loads(lines["data"])
            yield Frame(lines["event"], lines.get("id", ""), data)


async def read(
    stream: AsyncGenerator[bytes, None], *, at_most: int | None = None
) -> list[Frame]:
    """The first events of a stream, or all until it ends."""
    frames: list[Frame] = []
    async with aclosing(stream):
        async for chunk in stream:
            frames += frames_of(chunk)
            if at_most is not None and len(frames) >= at_most:
                break
    return frames[:at_most]


def text_of(frames: list[Frame], channel: str = "text") -> str:
    """The text that a reader has at the end, without that of interrupted steps."""
    stored, current = "", ""
    for frame in frames:
        if frame.type == f"{channel}.delta":
            current += frame.data["text"]
        elif frame.type == "step.completed":
            stored, current = stored + current, ""
        elif frame.type in ("attempt.started", "step.retried"):
            current = ""
    return stored + current
