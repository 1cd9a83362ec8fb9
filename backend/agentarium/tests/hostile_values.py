"""Values that no client means: out of range, malformed, too long, too deep, too many."""

import base64
import json
from urllib.parse import quote, quote_from_bytes

MANY = 2_000
LONG = "9" * 5_000
DEEP = "[" * MANY + "]" * MANY

# --- Text, for paths, query strings and headers --------------------------------------

TEXTS = [
    "",
    " ",
    "-1",
    "1.5",
    str(2**31),
    str(2**63),
    str(10**30),
    str(-(10**30)),
    "1e400",
    LONG,
    "NaN",
    "Infinity",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59",
    "2026-02-30T24:61:00+99:99",
    "\0",
    "a\0b",
    "\u0661\u0662",
    "\u0130\u202e\U0001f600",
    "null",
    "[" * MANY,
    ",",
    "1," * MANY,
    "'\"\\%_*?&#;:|()<>",
    '"*" OR NEAR(a b) -- *',
    "a\r\nSet-Cookie: a=b",
    "a " * MANY,
    "a" * 7_000,
]
# Percent-encoded; also bytes that are not UTF-8.
ENCODED = [
    *(quote(text, safe="") for text in TEXTS),
    *map(quote_from_bytes, [b"\xff", b"\xed\xa0\x80"]),
    "%zz",
]
PATHS = [
    *(f"/{value}" for value in ENCODED),
    *(f"/admin/{value}" for value in ENCODED),
    *(f"/api/tasks/{value}/{value}/" for value in ENCODED),
    "/metrics?a=%00",
    "/api/schema/?format=%00&lang=%00&version=%00",
    "/api/docs/?script=%00",
    "//",
    "/" * MANY,
]

# --- Bodies --------------------------------------------------------------------------

# JSON of one field, as a client may write it.
FRAGMENTS = [
    *("null", "true", "-1", "1.5", "1e308", "1e400", "-1e400", LONG),
    *map(str, [2**31, 2**63, 2**64, 10**30, -(10**30)]),
    *("NaN", "Infinity", "[]", "{}", "[null]", "[[]]", "[{}]"),
    *map(json.dumps, ["", " ", "NaN", "1e400", LONG, "\0", "\u0661", "a" * 200_000]),
    *map(json.dumps, ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]),
    *map(json.dumps, [[1] * MANY, ["a"] * MANY, [{}] * MANY]),
    json.dumps({str(number): "a" for number in range(MANY)}),
    DEEP,
    r'"\ud800"',
    r'["a\udfff\ud800"]',
    r'{"\u0000": 1}',
    r'{"\ud800": 1}',
    r'{"": {"a": "\u0000"}}',
    '{"a": 1, "a": 2}',
    f'{{"a": [{2**64}]}}',
    '{"a": 1e400}',
    r'[{"type": "builtin", "name": "\ud800"}]',
    f'[{{"type": "http", "id": {2**63}}}]',
    '[{"type": {}, "id": []}]',
    '[{"type": "mcp", "server": 1, "names": [{}], "effect": {}}]',
]
BODIES = [
    b"",
    b"null",
    b"[{}]",
    b" ",
    b'"a"',
    b"{",
    b"{}",
    b'{"a": 1, "a": 2}',
    b"\xff\xfe",
    b'{"a": "\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b"[" * 100_000,
    b'{"a":' * 100_000,
    LONG.encode(),
    b'"' * 100_000,
    b'{"ids": [' + b"1," * 1_000_000 + b"1]}",
    b"[" + b"{}," * 500_000 + b"{}]",
]
CONTENT_TYPES = [
    "",
    "a",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=\xff",
    "application/json; charset=utf-16",
    "application/json; charset=zlib",
    "application/json; charset=idna",
    "application/json; charset=nonsense",
    "application/json; charset=\xff\x00",
    "application/json; charset*=nonsense''a",
    "application/json; charset*=zlib''a",
    "application/json;;; =;a",
    "application/json" + "; a=b" * MANY,
]

# --- Headers -------------------------------------------------------------------------


def _token(header: str) -> str:
    """A JSON Web Token, whose header is read before its signature is checked."""
    segment = base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode()
    return f"Bearer {segment}.e30.c"


HEADER_VALUES = [
    *(text for text in TEXTS if text.isascii() and text.isprintable()),
    "\xff\xfe",
    "a\tb",
    "*/*," * MANY,
    "text/html; q*=nonsense''a",
    'application/json; a="' + "\\" * MANY,
    "bytes=0-,1-,2-" + ",3-4" * MANY,
    "sessionid=\xff; csrftoken=\xff",
    "sessionid=" + "a" * 7_000,
    "Bearer agt_\xff",
    "Bearer " + "a " * MANY,
    "Bearer " + "." * MANY,
    *map(_token, ["[" * 1_400, "[" * 20_000, '{"a":' * 300, "null", "[]", LONG]),
    *map(_token, ['{"alg": {}}', '{"alg": "HS256", "kid": 1, "typ": []}']),
    _token('{"alg": "HS256", "crit": ["b64"], "b64": false}'),
]
HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Content-Type",
    "Cookie",
    "Host",
    "Idempotency-Key",
    "If-Modified-Since",
    "If-None-Match",
    "Last-Event-ID",
    "Origin",
    "Range",
    "Referer",
    "Traceparent",
    "X-CSRFToken",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Request-ID",
]
