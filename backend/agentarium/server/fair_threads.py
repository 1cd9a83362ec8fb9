"""Threads for requests, given to their callers in turn.

A pool serves calls in the order in which they come, so that a hundred requests of one
caller would keep the next one's waiting. Here each caller has a queue, and whenever a
thread is free, the next queue has its turn.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any, TypeVar

from django.conf import settings

from agentarium.db.answer_limit import limit_answers
from agentarium.http.client_address import address_in

R = TypeVar("R")

# More than the callers that a process has within minutes, at some 200 bytes each.
MAX_KNOWN_CALLERS = 10_000


class FairThreads:
    """A bounded number of threads. `run` belongs to one event loop."""

    def __init__(self, size: int, *, name: str) -> None:
        self.pool = ThreadPoolExecutor(
            size,
            thread_name_prefix=name,
            initializer=limit_answers,
            initargs=(settings.DATABASE_ANSWER_SECONDS,),
        )
        self._free = size
        # The order of the callers is that of their turns.
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    async def run(self, caller: str, call: Callable[[], R]) -> R:
        """Call it in a thread, when it is the caller's turn."""
        if self._free:
            self._free -= 1
        else:
            await self._wait_for_turn(caller)
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, call)
        finally:
            self._free_thread()

    def shutdown(self) -> None:
        self.pool.shutdown()

    async def _wait_for_turn(self, caller: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The thread was given to it in the same moment.
                self._free_thread()
            raise

    def _free_thread(self) -> None:
        """Give a thread to the caller whose turn it is, or keep it for the next one."""
        while self._queues:
            caller = next(iter(self._queues))
            queue = self._queues.pop(caller)
            turn = queue.popleft()
            if queue:
                # Back to the end of the line.
                self._queues[caller] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class KnownCallers:
    """Who sends a request, before it is authenticated.

    A credential that was valid a while ago says so; its request may fail all the same.
    Without one, the address counts: made-up credentials are no callers of their own.
    """

    def __init__(self) -> None:
        self._ids: OrderedDict[bytes, str] = OrderedDict()

    def caller_of(self, request: dict[str, Any]) -> str:
        """The caller of a request, given as its WSGI environment."""
        credential = _credential(request)
        caller = self._ids.get(credential) if credential else None
        return caller or address_in(request)

    def remember(self, request: dict[str, Any], user_id: object) -> None:
        """The request was authenticated as one of this user."""
        if credential := _credential(request):
            self._ids[credential] = f"user {user_id}"
            self._ids.move_to_end(credential)
            if len(self._ids) > MAX_KNOWN_CALLERS:
                self._ids.popitem(last=False)


def _credential(request: dict[str, Any]) -> bytes:
    text = request.get("HTTP_AUTHORIZATION") or request.get("HTTP_COOKIE")
    return blake2b(text.encode(), digest_size=16).digest() if text else b""
