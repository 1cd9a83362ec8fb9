"""A database connection of one thread, outside the pool that the others share."""

import copy
import os
import socket
from contextlib import suppress
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

CONNECT_SECONDS = 2


def use_private_connection() -> BaseDatabaseWrapper:
    """Make this thread use a connection of its own, even while the pool is empty."""
    settings: dict[str, Any] = copy.deepcopy(connections.settings["default"])
    options = settings.get("OPTIONS", {})
    if options.pop("pool", None):
        options["connect_timeout"] = CONNECT_SECONDS
    wrapper: BaseDatabaseWrapper = load_backend(settings["ENGINE"]).DatabaseWrapper(
        settings, "default"
    )
    connections["default"] = wrapper
    return wrapper


def hang_up(wrapper: BaseDatabaseWrapper) -> None:
    """End the wait of another thread for its server, with an error there."""
    if wrapper.vendor == "postgresql" and (raw := wrapper.connection):
        with suppress(Exception), socket.socket(fileno=os.dup(raw.fileno())) as copied:
            copied.shutdown(socket.SHUT_RDWR)
