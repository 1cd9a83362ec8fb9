from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from agentarium.tools.mcp_reviews import accept_changes
from agentarium.tools.models import McpServer
from agentarium.tools.services import (
    McpServerError,
    refresh_mcp_server,
    register_operators_servers,
)
from agentarium.tools.tool_changes import ToolChange


class Command(BaseCommand):
    help = (
        "List the tools of the MCP servers that AGENTARIUM_MCP_STDIO names. The first "
        "list of a server is accepted; later changes are shown, and wait for --accept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--accept", action="store_true", help="Accept all changes that are shown."
        )

    def handle(self, *args: Any, accept: bool, **options: Any) -> None:
        for server in register_operators_servers():
            try:
                self._refresh(server, accept=accept)
            except McpServerError as error:
                self.stderr.write(f"{server.name}: {error.detail}")

    def _refresh(self, server: McpServer, *, accept: bool) -> None:
        server = refresh_mcp_server(server)
        for tool in server.omitted_tools:
            self.stdout.write(
                f"{server.name}: left out {tool['name']!a}: {tool['reason']!a}"
            )
        for change in server.find_changes():
            self.stdout.write(f"{server.name}: {_described(change)}")
        if server.proposal and accept:
            server = accept_changes(server, proposal=server.proposal, names=None)
        waiting = ", changes wait for --accept" if server.has_changes else ""
        self.stdout.write(f"{server.name}: {len(server.tool_rows)} tools{waiting}")


def _described(change: ToolChange) -> str:
    """What the server wrote is quoted: it may contain codes that control a terminal."""
    lines = [f"{change.kind} {change.name!a}"]
    for word, row in (("was", change.before), ("is", change.after)):
        if row is not None:
            lines.append(
                f"  {word} {row['description']!a} {row['parameters']!a} "
                f"(called {row['suggested_effect']} by the server)"
            )
    return "\n".join(lines)
