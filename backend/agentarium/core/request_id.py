"""The id that ties all that a request does together, in logs, rows and answers."""

import structlog


def current_request_id() -> str:
    """The id of the request being answered, or an empty string outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
