"""Decodes response bodies into text."""

import codecs
import re
from email.message import Message

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
# Python has codecs that the web does not use, and some of them are very slow.
_CHARSETS = re.compile(
    r"ascii|utf-8|utf-16(-le|-be)?|iso8859-\d+|cp125\d|cp866|cp874|cp932|cp949|koi8-[ru]"
    r"|gbk|gb2312|gb18030|big5(hkscs)?|shift_jis|euc_jp|euc_kr|iso2022_jp|mac-roman|tis-620"
)
_TEXT_TYPES = re.compile(
    r"text/.*|application/(.*\+)?(json|xml|yaml|javascript|graphql|x-ndjson"
    r"|x-www-form-urlencoded|toml|problem\+json)|image/svg\+xml"
)


def media_type(content_type: str) -> str:
    """The media type of a header: `text/html` for `Text/HTML; charset=x`."""
    return content_type.partition(";")[0].strip().lower()


def is_text(media: str) -> bool:
    """Whether the content of a media type is text."""
    return bool(_TEXT_TYPES.fullmatch(media))


def decoded(body: bytes, content_type: str) -> str:
    """Decode a body by its byte order mark, header or `meta` element, or as UTF-8."""
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    charset = (
        _supported(_declared(content_type))
        or _supported(_meta_charset(body))
        or "utf-8"
    )
    return body.decode(charset, "replace")


def _declared(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    charset = header.get_param("charset")
    return charset if isinstance(charset, str) else ""


def _meta_charset(body: bytes) -> str:
    match = _META.search(body[:2048])
    return match.group(1).decode("ascii", "replace") if match else ""


def _supported(name: str) -> str:
    try:
        charset = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    # Browsers decode Latin-1 and ASCII as Windows-1252, and so do we.
    if charset in {"iso8859-1", "ascii"}:
        return "cp1252"
    return charset if _CHARSETS.fullmatch(charset) else ""
