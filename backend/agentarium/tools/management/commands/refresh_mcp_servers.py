from typing import Any

from django.core.management.base import BaseCommand

from agentarium.tools.services import (
    McpServerError,
    refresh_mcp_server,
    register_operators_servers,
)


class Command(BaseCommand):
    help = "List the tools of the MCP servers that AGENTARIUM_MCP_STDIO names."

    def handle(self, *args: Any, **options: Any) -> None:
        for server in register_operators_servers():
            try:
                tools = len(refresh_mcp_server(server).tool_rows)
                self.stdout.write(f"{server.name}: {tools} tools")
            except McpServerError as error:
                self.stderr.write(f"{server.name}: {error.detail}")
