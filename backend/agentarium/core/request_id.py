"""The request id, which links the logs, rows and responses of one request."""

import structlog


def current_request_id() -> str:
    """The id of the current request, or an empty string outside of a request."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
