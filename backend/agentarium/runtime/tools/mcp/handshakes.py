"""What a server says about itself when a session begins."""

from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS


def readable_handshake(result: dict[str, Any]) -> dict[str, Any]:
    """The result of `initialize`, as the SDK accepts it. Raises `ValueError`."""
    version = result.get("protocolVersion")
    if version not in HANDSHAKE_PROTOCOL_VERSIONS:
        raise ValueError(
            f"it speaks the version {str(version)[:40]!r} of the protocol, and "
            f"{HANDSHAKE_PROTOCOL_VERSIONS[0]} to {HANDSHAKE_PROTOCOL_VERSIONS[-1]} are "
            "supported."
        )
    return {
        "protocolVersion": version,
        "capabilities": _capabilities(result.get("capabilities")),
        # Nothing here shows it.
        "serverInfo": {"name": "", "version": ""},
    }


def _capabilities(given: Any) -> dict[str, Any]:
    tools = given.get("tools") if isinstance(given, dict) else None
    if not isinstance(tools, dict):
        return {}
    return {"tools": {"listChanged": tools.get("listChanged") is True}}
