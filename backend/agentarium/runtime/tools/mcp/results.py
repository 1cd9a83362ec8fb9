"""The results of tools, as a model is told them."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentarium.runtime.masking.mask import SecretMask
from agentarium.runtime.messages import ImagePart
from agentarium.runtime.tools.base import ToolResult

if TYPE_CHECKING:
    from mcp_types import CallToolResult

MAX_CHARS = 50_000
# Of one result, in base64. Images are stored with their step, and sent with each request.
MAX_IMAGES = 4
MAX_IMAGE_CHARS = 1_000_000
MAX_IMAGES_CHARS = 1_500_000
# What models see, by the first bytes of it. What servers call it may be wrong.
_MEDIA_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def read_result(result: "CallToolResult", mask: SecretMask) -> ToolResult:
    """The texts and images of a result: see `call_results.py`. Images are named."""
    reader = _Reader()
    text = "\n".join(map(reader.text, result.content))
    text, is_cut = mask.beginning(text, MAX_CHARS)
    if is_cut:
        text = f"{text}\n… (truncated: the result is longer)"
    return ToolResult(text, tuple(reader.images))


@dataclass(slots=True)
class _Reader:
    images: list[ImagePart] = field(default_factory=list)

    def text(self, block: Any) -> str:
        """The text of a block, or the name of an image, which is kept."""
        if block.type == "text":
            return str(block.text)
        try:
            image = _image(block.data)
            self._check_room(image)
        except ValueError as error:
            return f"(image, {block.mime_type}, which cannot be shown: {error})"
        self.images.append(image)
        return f"(image {len(self.images)}: {image.media_type})"

    def _check_room(self, image: ImagePart) -> None:
        size = len(image.data)
        if size > MAX_IMAGE_CHARS:
            raise ValueError("it is too large")
        if (
            len(self.images) >= MAX_IMAGES
            or sum(self._sizes(), size) > MAX_IMAGES_CHARS
        ):
            raise ValueError("the result has too many images")

    def _sizes(self) -> Iterator[int]:
        return (len(image.data) for image in self.images)


def _image(data: str) -> ImagePart:
    """The image in base64, or in a data URL. Raises `ValueError`."""
    encoded = "".join(data.partition(",")[2 if data.startswith("data:") else 0].split())
    padding = "=" * (-len(encoded) % 4)
    try:
        content = base64.b64decode(encoded + padding, validate=True)
    except binascii.Error as error:
        raise ValueError("it is not in base64") from error
    media_type = _media_type(content)
    if not media_type:
        raise ValueError("models see PNG, JPEG, GIF and WebP only")
    return ImagePart(media_type, encoded + padding)


def _media_type(content: bytes) -> str:
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    found = (kind for start, kind in _MEDIA_TYPES if content.startswith(start))
    return next(found, "")
