"""What stands between a model and the effects of a tool, and what is less of it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from agentarium.outbound.hosts import HostList
from agentarium.tools.models import Effect, HttpTool, McpServer, ProtectionChange

Change = ProtectionChange.Change

_MAX_SHOWN_CHARS = 200
_RANKS = {Effect.READ: 0, Effect.IDEMPOTENT: 1, Effect.WRITE: 2}
# Servers treat a request with one of these headers as if it had another method.
_METHOD_HEADERS = {"x-http-method-override", "x-http-method", "x-method-override"}


@dataclass(frozen=True, slots=True)
class Protection:
    """How the calls of a tool are protected. All that a record compares is here."""

    asks: bool
    effect: str
    # Of an HTTP tool; empty for others.
    method: str = ""
    # Of an HTTP tool or an MCP server.
    address: str = ""
    # A digest of the schema of an HTTP tool's arguments.
    parameters: str = ""
    # The only hosts that it reaches. None for all.
    hosts: tuple[str, ...] | None = None

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Self:
        hosts = stored["hosts"]
        return cls(**{**stored, "hosts": None if hosts is None else tuple(hosts)})


def protection_of_tool(tool: HttpTool, *, asks: bool | None = None) -> Protection:
    """How an HTTP tool is protected in an agent that asks, or says nothing about it."""
    return Protection(
        asks=tool.asks_by_default if asks is None else asks,
        effect=tool.effect,
        method=_method(tool),
        address=_shortened(tool.url_template),
        parameters=_digest(tool.parameters),
    )


def protection_of_server(server: McpServer) -> Protection:
    """How the tools of an MCP server are protected if no agent says otherwise."""
    return Protection(asks=True, effect=Effect.WRITE, address=_shortened(server.url))


def expected_of(tool: HttpTool) -> Protection:
    """What a new tool should have: a request that may write asks before it does."""
    now = protection_of_tool(tool)
    if now.method != HttpTool.Method.GET:
        return replace(now, asks=True, effect=Effect.WRITE)
    return replace(now, asks=now.effect == Effect.WRITE)


def lowered(before: Protection, after: Protection) -> list[Change]:
    """In what a tool is less protected than before. Empty if in nothing.

    Of methods that write, addresses and parameters none is known to do less than
    another, so each change counts.
    """
    is_lower = {
        Change.APPROVAL_OFF: before.asks and not after.asks,
        Change.EFFECT_LOWERED: _rank(after) < _rank(before),
        Change.METHOD_CHANGED: after.method not in ("", "GET", before.method),
        Change.ADDRESS_CHANGED: after.address != before.address,
        Change.PARAMETERS_CHANGED: after.parameters != before.parameters,
        Change.HOSTS_WIDENED: not _covers(before.hosts, after.hosts),
    }
    return [change for change, is_so in is_lower.items() if is_so]


def _rank(protection: Protection) -> int:
    return _RANKS[Effect(protection.effect)]


def _covers(hosts: Iterable[str] | None, others: Iterable[str] | None) -> bool:
    if hosts is None:
        return True
    return others is not None and HostList.parse(hosts).covers(HostList.parse(others))


def _method(tool: HttpTool) -> str:
    names = sorted(_METHOD_HEADERS & {name.lower() for name in tool.headers})
    return f"{tool.method} with {names[0]}" if names else tool.method


def _shortened(address: str) -> str:
    """The address, with a digest for what is too long to be shown."""
    if len(address) <= _MAX_SHOWN_CHARS:
        return address
    return f"{address[:_MAX_SHOWN_CHARS]}… ({_digest(address)})"


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
