"""Agentarium: AI agents as tracked background tasks."""

__version__ = "0.1.0"
