"""Waits for a database that is away, so that running attempts survive an outage."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from agentarium.db.threads import CONNECTION_ERRORS

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.5

R = TypeVar("R")


async def retry_until_available(work: Callable[[], Awaitable[R]]) -> R:
    """Repeat `work` until the database answers. `work` must be safe to do twice.

    When a connection breaks, it is unknown whether its last commit succeeded.
    """
    while True:
        try:
            return await work()
        except CONNECTION_ERRORS as error:
            log.warning("worker.database_away", error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)
