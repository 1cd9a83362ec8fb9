"""Finds arguments that would climb out of the path of an address.

Servers and proxies differ in what they decode, how often, and what they take for a
separator. So a path is refused if any of them might read a dot segment in it.
"""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

# A text that is still encoded after so many rounds hides something.
_MAX_ROUNDS = 5
# Some end a path at `?`, `#`, NUL or a new line, also if it was encoded.
_SEPARATORS = re.compile(r"[/\\?#\0\r\n]")
# Some servers decode JavaScript's form of an encoded character.
_WIDE_ENCODED = re.compile(rb"%u([0-9A-Fa-f]{4})")
# ASCII in more bytes than it needs, which is invalid UTF-8 that lax decoders accept.
# The last byte may still be encoded.
_OVERLONG = re.compile(
    rb"[\xc0\xc1][^%]|\xe0[\x80\x81][^%]|\xf0\x80[\x80\x81][^%]|\xf8\x80\x80[\x80\x81][^%]"
    rb"|\xfc\x80\x80\x80[\x80\x81][^%]",
)
# Windows takes the nearest character of a code page for these.
_BEST_FIT = str.maketrans("\u2044\u2215\u2216", "//\\")


def climbs(path: str) -> bool:
    """Whether a path has a segment . or .., plain or encoded in any usual way."""
    data = path.encode(errors="replace")
    for _ in range(_MAX_ROUNDS):
        plain = _plain(data)
        if _has_dot_segment(plain):
            return True
        # Bytes throughout: half of a character may be encoded once more than the other.
        decoded = _decoded(data)
        if decoded == data:
            decoded = _decoded(plain.encode())
            if decoded == plain.encode():
                return False
        data = decoded
    return True


def _has_dot_segment(plain: str) -> bool:
    # Some ignore what is not visible, others end the path there.
    texts = {plain, "".join(filter(_is_visible, plain))}
    # Some servers read `..;name` as `..`.
    segments = (
        segment.partition(";")[0]
        for text in texts
        for segment in _SEPARATORS.split(text)
    )
    return any(segment in {".", ".."} for segment in segments)


def _is_visible(character: str) -> bool:
    return character.isprintable() and character != " "


def _plain(data: bytes) -> str:
    """The text with compatibility forms replaced: fullwidth dots, slashes and percents."""
    text = unicodedata.normalize("NFKC", data.decode(errors="replace"))
    return text.translate(_BEST_FIT)


def _decoded(data: bytes) -> bytes:
    data = _WIDE_ENCODED.sub(_wide_character, data)
    return _OVERLONG.sub(_ascii, unquote_to_bytes(data))


def _wide_character(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1], 16)).encode(errors="replace")


def _ascii(match: re.Match[bytes]) -> bytes:
    sequence = match[0]
    return bytes([(sequence[-2] & 1) << 6 | sequence[-1] & 0x3F])
