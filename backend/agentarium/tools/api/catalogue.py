"""The catalogue: the tools that the caller can give to an agent."""

from collections.abc import Sequence
from typing import Any

from django.db.models import BigIntegerField, CharField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.db.keyset import Key
from agentarium.http import pagination
from agentarium.http.filters import WordSearch, refuse_unknown_parameters
from agentarium.http.representation import represent
from agentarium.tools.api.serializers import (
    CatalogueEntrySerializer,
    CatalogueToolSerializer,
    ToolSelectionSerializer,
)
from agentarium.tools.available_tools import (
    AvailableTool,
    AvailableTools,
    ToolId,
    ToolSelection,
    check_server,
    find_tool,
)

_PARAMETERS = {"format", "search", "kind", "server", "id"} | pagination.PARAMETERS


def _key(path: str, field: Any) -> Key:
    return Key(path, descending=False, nullable=False, attribute=path, field=field)


class CataloguePagination(pagination.KeysetPagination):
    """Pages of `AvailableTools`, which has its rows from several sources."""

    def keys_of(self, queryset: Any) -> list[Key]:
        number = BigIntegerField()
        return [
            _key("order", number),
            _key("group", CharField()),
            _key("row", number),
            _key("position", number),
        ]

    def read(
        self, queryset: Any, keys: Sequence[Key], after: Sequence[Any] | None
    ) -> list[AvailableTool]:
        place = None
        if after is not None:
            order, group, row, position = after
            place = order, (group, row, position)
        tools: AvailableTools = queryset
        return tools.read(place, self.size, descending=keys[0].descending)

    def count_up(self, queryset: Any) -> int:
        tools: AvailableTools = queryset
        return tools.count(pagination.COUNTED_ROWS + 1)


class CatalogueViewSet(viewsets.GenericViewSet[Any]):
    request: AuthenticatedRequest
    pagination_class = CataloguePagination
    serializer_class: Any = CatalogueEntrySerializer
    filter_backends: Sequence[Any] = []
    # The names that MCP servers give their tools may contain any character.
    lookup_value_regex = ".+"

    @extend_schema(
        operation_id="tools_list",
        summary="List the available tools",
        description="The built-in tools, your HTTP tools, and the accepted tools of MCP "
        "servers. The schema of a tool's arguments is in the tool itself.",
        parameters=[ToolSelectionSerializer],
        responses=CatalogueEntrySerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        refuse_unknown_parameters(request, _PARAMETERS)
        selection = _selection(request)
        if selection.server is not None:
            check_server(self.request.user, selection.server)
        tools: Any = AvailableTools(self.request.user, selection)
        page: Any = self.paginate_queryset(tools)
        return self.get_paginated_response(
            [represent(CatalogueEntrySerializer, tool) for tool in page]
        )

    @extend_schema(
        operation_id="tools_retrieve",
        summary="Get an available tool",
        parameters=[
            OpenApiParameter("id", OpenApiTypes.STR, location=OpenApiParameter.PATH)
        ],
        responses=CatalogueToolSerializer,
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        tool, parameters = find_tool(self.request.user, pk)
        row = represent(CatalogueEntrySerializer, tool)
        return Response({**row, "parameters": parameters})


def _selection(request: Request) -> ToolSelection:
    query: dict[str, Any] = {
        name: request.query_params[name]
        for name in ("kind", "server")
        if request.query_params.get(name)
    }
    if "id" in request.query_params:
        query["id"] = request.query_params.getlist("id")
    serializer = ToolSelectionSerializer(data=query)
    serializer.is_valid(raise_exception=True)
    selected = serializer.validated_data
    ids = selected.get("id")
    return ToolSelection(
        words=WordSearch().get_search_terms(request),
        kind=selected.get("kind", ""),
        server=selected.get("server"),
        ids=None if ids is None else [*filter(None, map(ToolId.parse, ids))],
    )
