"""The tools that a user can give to an agent, in pages and without their schemas.

They come from three sources, in this order: the built-in tools, the user's HTTP tools by
name, and the tools of MCP servers, by the server's name and in the server's order.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

from django.db.models import Q

from agentarium.accounts.models import User
from agentarium.core.exceptions import FieldError, InvalidInputError, NotFoundError
from agentarium.db.compiled_query import count_rows
from agentarium.db.keyset import beyond, keys_of, ordered
from agentarium.tools.catalogue import BUILTINS
from agentarium.tools.listed_mcp_tools import Place, count_mcp_tools, read_mcp_tools
from agentarium.tools.models import Effect, HttpTool, McpServer, ToolKind

KINDS: Sequence[str] = ToolKind.values


class ToolId(NamedTuple):
    """Identifies a tool in the API: `builtin:calculator`, `http:3` or `mcp:2:search`."""

    kind: str
    row: int
    name: str

    def __str__(self) -> str:
        match self.kind:
            case "builtin":
                return f"builtin:{self.name}"
            case "http":
                return f"http:{self.row}"
            case _:
                return f"mcp:{self.row}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Returns None for a text that cannot be the id of a tool."""
        kind, _, rest = text.partition(":")
        if kind == "builtin":
            return cls(kind, 0, rest)
        row, _, name = rest.partition(":")
        # More digits are not an id of a row.
        if (
            kind not in KINDS
            or not (row.isascii() and row.isdecimal())
            or len(row) > 18
        ):
            return None
        return cls(kind, int(row), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableTool:
    """A tool, and its place: the source, and the place within it."""

    id: ToolId
    reference: dict[str, Any]
    source: str
    description: str
    effect: str
    suggested_effect: str | None = None
    name: str
    needs_approval: bool = False
    order: int
    group: str
    row: int
    position: int

    @property
    def place(self) -> Place:
        return self.group, self.row, self.position

    @property
    def kind(self) -> str:
        return self.id.kind

    @property
    def server(self) -> int | None:
        return self.id.row if self.kind == "mcp" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSelection:
    """Which tools to list. `words` must all occur; without `ids` every id matches."""

    words: Sequence[str] = ()
    kind: str = ""
    server: int | None = None
    ids: Collection[ToolId] | None = None

    def selects(self, kind: str) -> bool:
        if self.server is not None and kind != "mcp":
            return False
        return self.kind in ("", kind)

    def ids_of(self, kind: str) -> list[ToolId] | None:
        return (
            None
            if self.ids is None
            else [each for each in self.ids if each.kind == kind]
        )


class _Source(Protocol):
    def read(
        self, after: Place | None, size: int, *, descending: bool
    ) -> Iterable[AvailableTool]: ...

    def count(self, limit: int) -> int: ...


class AvailableTools:
    """A user's available tools, as far as they are selected."""

    def __init__(self, user: User, selection: ToolSelection) -> None:
        sources: Sequence[Callable[[User, ToolSelection], _Source]] = (
            _BuiltinTools,
            _HttpTools,
            _McpTools,
        )
        self._sources = {
            order: sources[order](user, selection)
            for order, kind in enumerate(KINDS)
            if selection.selects(kind)
        }

    def read(
        self, after: tuple[int, Place] | None, size: int, *, descending: bool
    ) -> list[AvailableTool]:
        """The first `size` tools, or the first after a source's place."""
        tools: list[AvailableTool] = []
        for order in sorted(self._sources, reverse=descending):
            start = None
            if after and order == after[0]:
                start = after[1]
            elif after and (order < after[0]) != descending:
                continue
            rest = size - len(tools)
            tools += self._sources[order].read(start, rest, descending=descending)
            if len(tools) >= size:
                break
        return tools

    def count(self, limit: int) -> int:
        """The number of tools, at most `limit`."""
        return min(limit, sum(each.count(limit) for each in self._sources.values()))


@dataclass
class _BuiltinTools:
    user: User
    selection: ToolSelection
    tools: list[AvailableTool] = field(init=False)

    def __post_init__(self) -> None:
        self.tools = [
            _builtin_tool(name, position)
            for position, name in enumerate(BUILTINS)
            if self._is_selected(name)
        ]

    def read(
        self, after: Place | None, size: int, *, descending: bool
    ) -> list[AvailableTool]:
        tools = self.tools[::-1] if descending else self.tools
        if after:
            tools = [
                tool
                for tool in tools
                if tool.place != after and (tool.place < after) == descending
            ]
        return tools[:size]

    def count(self, limit: int) -> int:
        return len(self.tools)

    def _is_selected(self, name: str) -> bool:
        ids = self.selection.ids_of("builtin")
        text = f"{name} {BUILTINS[name].spec.description}".lower()
        return (ids is None or ToolId("builtin", 0, name) in ids) and all(
            word.lower() in text for word in self.selection.words
        )


def _builtin_tool(name: str, position: int) -> AvailableTool:
    spec = BUILTINS[name].spec
    return AvailableTool(
        id=ToolId("builtin", 0, name),
        reference={"type": "builtin", "name": name},
        source="built in",
        name=name,
        description=spec.description,
        effect=spec.effect,
        needs_approval=spec.effect == "write",
        order=0,
        group="",
        row=0,
        position=position,
    )


class _HttpTools:
    def __init__(self, user: User, selection: ToolSelection) -> None:
        tools = HttpTool.objects.visible_to(user).order_by("name", "id")
        for word in selection.words:
            tools = tools.filter(
                Q(name__icontains=word) | Q(description__icontains=word)
            )
        if (ids := selection.ids_of("http")) is not None:
            tools = tools.filter(pk__in=[each.row for each in ids])
        self._tools = tools

    def read(
        self, after: Place | None, size: int, *, descending: bool
    ) -> list[AvailableTool]:
        keys = keys_of(self._tools)
        if descending:
            keys = [key.reversed() for key in keys]
        tools = self._tools.only("name", "description", "effect", "needs_approval")
        if after:
            tools = tools.filter(beyond(keys, after[:2]))
        return [_http_tool(tool) for tool in ordered(tools, keys)[:size]]

    def count(self, limit: int) -> int:
        return count_rows(self._tools, limit)


def _http_tool(tool: HttpTool) -> AvailableTool:
    return AvailableTool(
        id=ToolId("http", tool.pk, ""),
        reference={"type": "http", "id": tool.pk},
        source="http",
        name=tool.name,
        description=tool.description,
        effect=tool.effect,
        needs_approval=tool.asks_by_default,
        order=1,
        group=tool.name,
        row=tool.pk,
        position=0,
    )


class _McpTools:
    def __init__(self, user: User, selection: ToolSelection) -> None:
        servers = McpServer.objects.usable_by(user.pk)
        if selection.server is not None:
            servers = servers.filter(pk=selection.server)
        self._servers = servers
        self._words = selection.words
        ids = selection.ids_of("mcp")
        self._names = None if ids is None else [(each.row, each.name) for each in ids]

    def read(
        self, after: Place | None, size: int, *, descending: bool
    ) -> Iterable[AvailableTool]:
        rows = read_mcp_tools(
            self._servers,
            words=self._words,
            names=self._names,
            after=after,
            size=size,
            descending=descending,
        )
        for row in rows:
            yield AvailableTool(
                id=ToolId("mcp", row.server_id, row.name),
                reference={
                    "type": "mcp",
                    "server": row.server_id,
                    "names": [row.name],
                },
                source=row.server_name,
                name=row.name,
                description=row.description,
                effect=row.effect,
                suggested_effect=row.suggested_effect,
                needs_approval=row.effect == Effect.WRITE,
                order=2,
                group=row.server_name,
                row=row.server_id,
                position=row.position,
            )

    def count(self, limit: int) -> int:
        return count_mcp_tools(
            self._servers, words=self._words, names=self._names, limit=limit
        )


def check_server(user: User, server_id: int) -> None:
    """Raise `InvalidInputError` if the user cannot use an MCP server."""
    if not McpServer.objects.usable_by(user.pk).filter(pk=server_id).exists():
        error = FieldError("invalid_choice", "There is no such MCP server.")
        raise InvalidInputError(errors={"server": [error]})


def find_tool(user: User, tool_id: str) -> tuple[AvailableTool, dict[str, Any]]:
    """An available tool and the schema of its arguments. Raises `NotFoundError`."""
    wanted = ToolId.parse(tool_id)
    if wanted is None:
        raise NotFoundError
    selection = ToolSelection(kind=wanted.kind, ids=[wanted])
    found = AvailableTools(user, selection).read(None, 1, descending=False)
    if not found:
        raise NotFoundError
    return found[0], _parameters(wanted)


def _parameters(tool_id: ToolId) -> dict[str, Any]:
    """The schema of a tool that the user may use."""
    match tool_id.kind:
        case "builtin":
            schema = BUILTINS[tool_id.name].spec.parameters
        case "http":
            schema = HttpTool.objects.only("parameters").get(pk=tool_id.row).parameters
        case _:
            rows = McpServer.objects.get(pk=tool_id.row).tool_rows
            schemas = {row["name"]: row["parameters"] for row in rows}
            schema = schemas[tool_id.name]
    parameters: dict[str, Any] = schema
    return parameters
