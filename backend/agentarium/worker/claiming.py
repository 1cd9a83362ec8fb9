"""The claims of a worker session, each with the histories of its tasks."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agentarium.db.answer_limit import answers_within
from agentarium.db.threads import DatabaseThreads
from agentarium.tasks.models import AgentTask, Worker
from agentarium.worker import leases
from agentarium.worker.attempt.history import History, read_histories
from agentarium.worker.queue import claims


class Claimed(NamedTuple):
    """A claim, with the history of each of its tasks by id."""

    claim: claims.Claim
    histories: Mapping[int, History]

    def tasks(self) -> Iterator[tuple[AgentTask, History]]:
        return ((task, self.histories[task.pk]) for task in self.claim.tasks)


NOTHING = Claimed(claims.Claim([]), {})


class WorkerClaims:
    """Claims one after another. Belongs to one event loop."""

    def __init__(self, worker: Worker, database: DatabaseThreads) -> None:
        self._worker = worker
        self._database = database
        self._last: asyncio.Future[Claimed] | None = None
        # False while the worker may have been given tasks that its session does not know.
        self.is_confirmed = True

    async def claim(self, limit: int) -> Claimed:
        """Claim up to `limit` tasks. A caller that is cancelled does not end the claim."""
        self.is_confirmed = False
        self._last = asyncio.ensure_future(self._database.run(self._claim, limit))
        claimed = await asyncio.shield(self._last)
        self.is_confirmed = True
        return claimed

    async def wait_for_last(self, seconds: float) -> None:
        """Wait until no claim goes on, for at most `seconds`."""
        if self._last:
            await asyncio.wait([self._last], timeout=seconds)

    def _claim(self, limit: int) -> Claimed:
        with answers_within(leases.answer_seconds(leases.ATTEMPT_ANSWER_FRACTION)):
            claim = claims.claim(self._worker, limit=limit)
            return Claimed(claim, read_histories(claim.tasks))
