"""Finds arguments that would climb out of the path of an address.

Servers and proxies differ in what they decode, how often, and what they take for a
slash. So a path is refused if any of them might read a dot segment in it.
"""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

# A text that is still encoded after so many rounds hides something.
_MAX_ROUNDS = 5
_SLASHES = re.compile(r"[/\\]")
# Invalid encodings of . / and \ in UTF-8, which lax decoders accept.
_OVERLONG = (
    (b"\xc0\xae", b"."),
    (b"\xe0\x80\xae", b"."),
    (b"\xc0\xaf", b"/"),
    (b"\xe0\x80\xaf", b"/"),
    (b"\xc1\x9c", b"\\"),
)
_NOT_VISIBLE = re.compile(r"[\x00-\x20\x7f]")


def climbs(path: str) -> bool:
    """Whether a path has a segment . or .., plain or encoded in any usual way."""
    for _ in range(_MAX_ROUNDS):
        if _has_dot_segment(path):
            return True
        decoded = _decoded(path)
        if decoded == path:
            return False
        path = decoded
    return True


def _has_dot_segment(path: str) -> bool:
    # Compatibility forms: fullwidth dots and slashes become plain ones.
    plain = _NOT_VISIBLE.sub("", unicodedata.normalize("NFKC", path))
    # Some servers read `..;name` as `..`.
    segments = (segment.partition(";")[0] for segment in _SLASHES.split(plain))
    return any(segment in {".", ".."} for segment in segments)


def _decoded(path: str) -> str:
    data = unquote_to_bytes(path)
    for sequence, character in _OVERLONG:
        data = data.replace(sequence, character)
    return data.decode(errors="replace")
