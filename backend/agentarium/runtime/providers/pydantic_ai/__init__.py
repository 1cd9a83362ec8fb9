"""The client for providers with their own APIs, through pydantic-ai."""
