"""Reads the tools of MCP servers by page, in the database.

A server's tools are one JSON value with all their schemas. Only the names, descriptions
and effects of one page leave the database.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from agentarium.runtime.tools.mcp.listed_tools import MAX_TOOLS
from agentarium.tools.models import McpServer
from agentarium.tools.tool_changes import DEFAULT_EFFECT

# The name of a row or of its server, the id of that row, and the position in it.
Place = tuple[str, int, int]
# The id of a server, and the name of one of its tools.
Name = tuple[int, str]

_TABLE = McpServer._meta.db_table
_ELEMENTS = {
    "sqlite": "json_each(server.tools) AS tool",
    "postgresql": (
        "jsonb_array_elements(server.tools) WITH ORDINALITY AS tool(value, key)"
    ),
}
_TEXT = {
    "sqlite": "json_extract(tool.value, '$.{}')",
    "postgresql": "(tool.value ->> '{}')",
}
_PLACE = ("server.name", "server.id", "tool.key")


class McpToolRow(NamedTuple):
    server_name: str
    server_id: int
    position: int
    name: str
    description: str
    # What the server claims.
    suggested_effect: str

    @property
    def effect(self) -> str:
        return DEFAULT_EFFECT


def read_mcp_tools(
    servers: QuerySet[McpServer],
    *,
    words: Sequence[str],
    names: Sequence[Name] | None,
    after: Place | None,
    size: int,
    descending: bool,
) -> Iterator[McpToolRow]:
    """The first `size` tools, or the first after a place. One query."""
    query = _Query(servers, words, names)
    if after:
        query.where(
            f"({', '.join(_PLACE)}) {'<' if descending else '>'} (%s, %s, %s)", *after
        )
    direction = "DESC" if descending else "ASC"
    # Earlier versions stored what the server claims as the effect.
    claim = f"COALESCE({_text('suggested_effect')}, {_text('effect')})"
    columns = [*_PLACE, _text("name"), _text("description"), claim]
    order = ", ".join(f"{column} {direction}" for column in _PLACE)
    for row in query.run(f"SELECT {', '.join(columns)}", f"ORDER BY {order}", size):
        yield McpToolRow(*row)


def tools_by_server(server_ids: Sequence[int]) -> dict[int, list[McpToolRow]]:
    """The tools of each server. One query, or none without servers."""
    tools: dict[int, list[McpToolRow]] = defaultdict(list)
    if server_ids:
        rows = read_mcp_tools(
            McpServer.objects.filter(pk__in=server_ids),
            words=(),
            names=None,
            after=None,
            size=len(server_ids) * MAX_TOOLS,
            descending=False,
        )
        for row in rows:
            tools[row.server_id].append(row)
    return tools


def count_mcp_tools(
    servers: QuerySet[McpServer],
    *,
    words: Sequence[str],
    names: Sequence[Name] | None,
    limit: int,
) -> int:
    """The number of tools, at most `limit`. One query."""
    return len(_Query(servers, words, names).run("SELECT 1", "", limit))


class _Query:
    """A query of the servers' tools, with its conditions."""

    def __init__(
        self,
        servers: QuerySet[McpServer],
        words: Sequence[str],
        names: Sequence[Name] | None,
    ) -> None:
        self._conditions: list[str] = []
        self._values: list[Any] = []
        self._is_empty = names is not None and not names
        self._servers = servers
        for word in words:
            self.where(
                f"LOWER({_text('name')} || ' ' || {_text('description')} || ' ' ||"
                " server.name) LIKE LOWER(%s) ESCAPE '!'",
                f"%{_escaped(word)}%",
            )
        if names:
            same = f"(server.id = %s AND {_text('name')} = %s)"
            self.where(
                f"({' OR '.join([same] * len(names))})",
                *(value for name in names for value in name),
            )

    def where(self, condition: str, *values: Any) -> None:
        self._conditions.append(condition)
        self._values += values

    def run(self, select: str, order: str, limit: int) -> list[Any]:
        if self._is_empty:
            return []
        usable, values = self._servers.values("pk").query.sql_with_params()
        where = " AND ".join([f"server.id IN ({usable})", *self._conditions])
        with connection.cursor() as cursor:
            cursor.execute(
                f"{select} FROM {_TABLE} AS server, {_ELEMENTS[connection.vendor]}"
                f" WHERE {where} {order} LIMIT %s",
                [*values, *self._values, limit],
            )
            rows: list[Any] = cursor.fetchall()
        return rows


def _text(name: str) -> str:
    return _TEXT[connection.vendor].format(name)


def _escaped(word: str) -> str:
    for special in "!%_":
        word = word.replace(special, f"!{special}")
    return word
