"""Lists and calls the tools of MCP servers, with the official SDK."""
