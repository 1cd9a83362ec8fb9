"""`agentarium refresh-mcp-servers`."""

from pytest_django import Settings

from agentarium.cli.tests.conftest import Invoke
from agentarium.tools.models import McpServer


def test_reports_each_program(invoke: Invoke, db: None, settings: Settings) -> None:
    settings.MCP_STDIO = {"files": {"command": "/no/such/program"}}

    result = invoke("refresh-mcp-servers", "--accept")

    assert "files: The MCP server's program cannot be started." in result.output
    assert McpServer.objects.get().tool_rows == []
