"""The text of a part's `provider_metadata`, which goes back to its provider only."""

import json
from typing import Any

import orjson


def packed(provider: str, **fields: Any) -> str:
    """What a provider sent next to a part, as JSON text; empty if nothing."""
    present = {name: value for name, value in fields.items() if value}
    if not present:
        return ""
    data = {"provider_name": provider, **present}
    try:
        return orjson.dumps(data).decode()
    except TypeError:
        # Half a character or a very large number, which JSON text can hold.
        return json.dumps(data)


def unpacked(metadata: str, provider: str) -> dict[str, Any]:
    """What `packed` was given; empty if it was another provider's."""
    if not metadata.startswith("{"):
        return {}
    try:
        data = json.loads(metadata)
    except ValueError:
        return {}
    is_own = isinstance(data, dict) and data.get("provider_name") == provider
    return data if is_own else {}
