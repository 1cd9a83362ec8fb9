"""Single-flight reads of the event log.

Many readers follow the same task, and most are at the same cursor: when they read the
log at about the same time, one query serves all of them.
"""

import asyncio

import structlog

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming.event_log import EventLog, read_log
from agentarium.streaming.stream_cursor import StreamCursor

log = structlog.get_logger(__name__)

# How long a read waits for others to join it.
GATHER_SECONDS = 0.005


class SingleFlightReader:
    """Shares reads between callers. Belongs to one event loop at a time."""

    def __init__(self, database: DatabaseThreads) -> None:
        self._database = database
        # Reads that have not started, and can be joined.
        self._waiting: dict[tuple[int, StreamCursor], asyncio.Task[EventLog]] = {}

    async def read(self, task_id: int, cursor: StreamCursor) -> EventLog:
        """What is stored after `cursor`, read after this call.

        Raises the error of the read, in every caller that shares it.
        """
        key = (task_id, cursor)
        read = self._waiting.get(key)
        if read is None:
            read = asyncio.create_task(self._read(task_id, cursor))
            read.add_done_callback(_log_failure)
            self._waiting[key] = read
        # A caller that is cancelled must not cancel the read of the others.
        return await asyncio.shield(read)

    async def _read(self, task_id: int, cursor: StreamCursor) -> EventLog:
        try:
            await asyncio.sleep(GATHER_SECONDS)
        finally:
            # Later callers may need rows that this query does not see.
            del self._waiting[task_id, cursor]
        return await self._database.run(read_log, task_id, cursor)


def _log_failure(read: asyncio.Task[EventLog]) -> None:
    """Logs it once for all callers, and even if all of them have left."""
    if not read.cancelled() and (error := read.exception()):
        log.warning("event_log.read_failed", error=str(error))
