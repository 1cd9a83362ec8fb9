"""The environment of a request from the server's own machine."""

from typing import Any

from agentarium.http.local_access import BOUND_HOST

LOCAL: dict[str, Any] = {
    BOUND_HOST: "127.0.0.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "127.0.0.1:8000",
}
