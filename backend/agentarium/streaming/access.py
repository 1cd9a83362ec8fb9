"""Ends open streams and downloads whose callers have lost their access.

All that are open in this process are looked at together: the number of queries grows
with the number of users who follow tasks, not with the number of streams.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import structlog
from django.db import Error

from agentarium.accounts.callers import Caller, Refusal, refusals
from agentarium.accounts.models import User
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.event_types import StreamEventType
from agentarium.tasks.models import AgentTask

log = structlog.get_logger(__name__)

# A caller who has lost access reads on for this long, plus the time of the queries.
CHECK_SECONDS = 3.0
TASK_GONE = Refusal("not_found", "There is no such task, or it is not yours.")


@dataclass(frozen=True, slots=True)
class Access:
    """A caller who reads, and the task that they read, if it is one task."""

    caller: Caller
    task_id: int | None = None


class AccessWatch:
    """Looks regularly whether those who read still may. Belongs to one event loop.

    It runs as long as anything is open.
    """

    def __init__(self, database: DatabaseThreads) -> None:
        self._database = database
        self._open: dict[asyncio.Future[bytes], Access] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, access: Access) -> Iterator[asyncio.Future[bytes]]:
        """A future that is done when the access is lost, with the stream's last event."""
        lost = asyncio.get_running_loop().create_future()
        self._open[lost] = access
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_regularly())
        try:
            yield lost
        finally:
            del self._open[lost]
            if not self._open:
                self._looking.cancel()
                self._looking = None

    async def _look_regularly(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.look()
            except Error as error:
                # Its streams wait for the database, too.
                log.warning("stream.access_unknown", error=str(error))

    async def look(self) -> None:
        """End everything that is open without access."""
        lost = await self._database.run(find_lost, set(self._open.values()))
        for future, access in self._open.items():
            if access in lost and not future.done():
                log.info("stream.revoked", code=lost[access].code)
                future.set_result(closing_event(lost[access]))


@dataclass(frozen=True, slots=True)
class AccessGuard:
    """The `Guard` of one response."""

    access: Access
    accesses: AccessWatch

    @contextmanager
    def watch(self) -> Iterator[asyncio.Future[bytes]]:
        with self.accesses.watch(self.access) as lost:
            yield lost


def find_lost(accesses: Collection[Access]) -> dict[Access, Refusal]:
    """The accesses that are lost, and why.

    Queries: those of `refusals`, and one for each user who reads tasks.
    """
    refused = refusals({access.caller for access in accesses})
    lost = {
        access: refused[access.caller]
        for access in accesses
        if access.caller in refused
    }
    by_user: defaultdict[int, dict[Access, int]] = defaultdict(dict)
    for access in accesses:
        if access.task_id and access not in lost:
            by_user[access.caller.user_id][access] = access.task_id
    for user_id, reading in by_user.items():
        visible = _visible_tasks(user_id, set(reading.values()))
        gone = [access for access, task_id in reading.items() if task_id not in visible]
        lost |= dict.fromkeys(gone, TASK_GONE)
    return lost


def _visible_tasks(user_id: int, task_ids: Collection[int]) -> set[int]:
    """Those of the tasks that the user may see."""
    visible = AgentTask.objects.visible_to(User(pk=user_id))
    found = visible.filter(pk__in=task_ids).order_by()
    return set(found.values_list("pk", flat=True))


def closing_event(refusal: Refusal) -> bytes:
    """The last event of a stream whose reader may not read on. It has no id."""
    data = orjson.dumps(refusal._asdict())
    return b"event: %b\ndata: %b\n\n" % (StreamEventType.CLOSED.encode(), data)
