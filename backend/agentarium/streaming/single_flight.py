"""SingleFlightReader of the record that readers share.

Many watch the same task, and most of them are equally far: when they all look into the
database, at the same time or nearly so, one look is enough.
"""

import asyncio

import structlog

from agentarium.db.threads import DatabaseThreads
from agentarium.streaming.event_log import EventLog, read_log
from agentarium.streaming.stream_cursor import StreamCursor

log = structlog.get_logger(__name__)

# So long a reading waits for others who want the same.
GATHER_SECONDS = 0.005


class SingleFlightReader:
    """Belongs to one event loop at a time."""

    def __init__(self, database: DatabaseThreads) -> None:
        self._database = database
        self._waiting: dict[tuple[int, StreamCursor], asyncio.Task[EventLog]] = {}

    async def read(self, task_id: int, cursor: StreamCursor) -> EventLog:
        """What is stored after `cursor`, read after this was called.

        Raises what the reading failed with, to all who share it.
        """
        key = (task_id, cursor)
        reading = self._waiting.get(key)
        if reading is None:
            reading = asyncio.create_task(self._read(task_id, cursor))
            reading.add_done_callback(_tell_failure)
            self._waiting[key] = reading
        # A reader who leaves takes it from nobody else.
        return await asyncio.shield(reading)

    async def _read(self, task_id: int, cursor: StreamCursor) -> EventLog:
        try:
            await asyncio.sleep(GATHER_SECONDS)
        finally:
            # Who comes from now on may have to see what this one cannot.
            del self._waiting[task_id, cursor]
        return await self._database.run(read_log, task_id, cursor)


def _tell_failure(reading: asyncio.Task[EventLog]) -> None:
    """Once, however many share it; all of them may have left."""
    if not reading.cancelled() and (error := reading.exception()):
        log.warning("reading.failed", error=str(error))
