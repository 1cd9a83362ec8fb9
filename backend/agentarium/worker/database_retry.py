"""Waits for a database that is away or out of order, so that attempts survive it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from django.db import Error

from agentarium.db.data_errors import is_about_data

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.5

R = TypeVar("R")


async def retry_until_available(work: Callable[[], Awaitable[R]]) -> R:
    """Repeat `work` until the database does it. `work` must be safe to do twice.

    When a connection breaks, it is unknown whether its last commit succeeded. Errors about
    the data are raised: they would come again.
    """
    while True:
        try:
            return await work()
        except Error as error:
            if is_about_data(error):
                raise
            log.warning("worker.database_away", error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)
