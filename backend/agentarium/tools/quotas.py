"""The quotas of HTTP tools and MCP servers, and the bytes that one of them takes."""

from typing import Any

from django.conf import settings

from agentarium.accounts.quotas import Quota, register_quota
from agentarium.accounts.storage import json_row_size
from agentarium.tools.models import HttpTool, McpServer

HTTP_TOOLS = register_quota(
    Quota(
        name="http_tools",
        label="HTTP tools",
        advice="Delete one",
        default=lambda: settings.MAX_HTTP_TOOLS_PER_USER,
        count_used=lambda owner_id: HttpTool.objects.filter(owner=owner_id).count(),
    )
)
MCP_SERVERS = register_quota(
    Quota(
        name="mcp_servers",
        label="MCP servers",
        advice="Delete one",
        default=lambda: settings.MAX_MCP_SERVERS_PER_USER,
        count_used=lambda owner_id: McpServer.objects.filter(owner=owner_id).count(),
    )
)


def definition_size(row: HttpTool | McpServer) -> int:
    """The bytes of a tool or server as it is stored."""
    sealed = (*row.headers.values(), *row.url_secrets.values())
    secrets = [each.token for each in sealed]
    own: list[Any] = (
        [row.url_template, row.parameters]
        if isinstance(row, HttpTool)
        else [row.url, row.tools, *(row.proposed_tools or ())]
    )
    return json_row_size([row.name, row.description, secrets, own])
