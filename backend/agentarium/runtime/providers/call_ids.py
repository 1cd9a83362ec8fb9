"""Ids of tool calls, which outsiders choose."""

import re
from collections.abc import Collection
from uuid import uuid4

# What every provider takes back, and every database stores.
_USABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def usable_call_id(provider_id: str, used: Collection[str]) -> str:
    """The provider's id of a call, or "" if it cannot tell this call apart.

    `used` has the ids of the other calls of the response: some servers use the tool's
    name as the id of each call.
    """
    is_usable = _USABLE_ID.fullmatch(provider_id) and provider_id not in used
    return provider_id if is_usable else ""


def new_call_id() -> str:
    return f"call_{uuid4().hex}"
