"""The names of a server's tools as models see them."""

import re

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


def tool_name(name: str, prefix: str = "") -> str:
    """The name of a server's tool as the model sees it."""
    return _NOT_IN_NAMES.sub("_", f"{prefix}{name}")[:64]
