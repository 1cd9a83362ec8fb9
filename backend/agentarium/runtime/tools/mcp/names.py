"""The names of a server's tools as models see them."""

import hashlib
import re
from collections import Counter
from collections.abc import Collection

# What all providers accept.
MAX_NAME_CHARS = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_SUFFIX_CHARS = 8


def tool_names(names: Collection[str], prefix: str = "") -> dict[str, str]:
    """The names of all tools of a server: its own -> as models see it. No two are equal.

    A name that is too long, or that becomes the same as another one when it is written
    with the characters that providers accept, ends with a digest of the server's name. So
    it does not depend on the order of the tools.
    """
    plain = {name: _NOT_IN_NAMES.sub("_", f"{prefix}{name}") for name in names}
    counts = Counter(plain.values())
    return {
        name: shown
        if len(shown) <= MAX_NAME_CHARS
        and (counts[shown] == 1 or shown == f"{prefix}{name}")
        else _with_digest(shown, name)
        for name, shown in plain.items()
    }


def _with_digest(shown: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:_SUFFIX_CHARS]
    return f"{shown[: MAX_NAME_CHARS - len(digest) - 1]}_{digest}"
