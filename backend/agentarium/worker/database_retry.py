"""Waiting for a database that is away: it comes back, and what runs goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from agentarium.db.threads import CONNECTION_ERRORS

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.5

R = TypeVar("R")


async def retry_until_available(work: Callable[[], Awaitable[R]]) -> R:
    """Do it until it is done. Only for what may be done twice.

    Of a connection that broke nobody knows whether its last commit arrived.
    """
    while True:
        try:
            return await work()
        except CONNECTION_ERRORS as error:
            log.warning("worker.database_away", error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)
