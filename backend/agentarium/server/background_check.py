"""A check that may hang, and whose last result is known all the same."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

from django.db.backends.base.base import BaseDatabaseWrapper

from agentarium.db.private_connection import hang_up, use_private_connection
from agentarium.observability.background import record_failure

SILENT = "does not answer"
FAILED = "the check failed"
# A run that takes this long has its connection cut, and another thread goes on.
GIVE_UP_SECONDS = 10.0
STOP_SECONDS = 1.0


class BackgroundCheck:
    """Runs a check on request, in a thread and on a connection of its own.

    One run at a time: its result is for all who asked meanwhile, and for those who ask
    within `max_age` seconds after it. The check returns what is wrong, or "". A run of
    more than `patience` seconds counts as silence.
    """

    def __init__(
        self, check: Callable[[], str], *, max_age: float, patience: float = 0
    ) -> None:
        self._check = check
        self._max_age = max_age
        self._patience = patience
        self._lock = threading.Lock()
        self._thread: _CheckThread | None = None
        self._run: Future[str] | None = None
        self._began_at = self._ended_at = 0.0
        self._last = ""

    def begin(self) -> Future[str]:
        """Start a run, unless one is running or has just ended. Callable from any thread."""
        with self._lock:
            now = time.monotonic()
            if self._run and not self._run.done():
                if now - self._began_at < GIVE_UP_SECONDS:
                    return self._run
                self._give_up()
            elif self._run and now - self._ended_at < self._max_age:
                return self._run
            self._thread = self._thread or _CheckThread(self._check)
            self._began_at = now
            self._run = self._thread.start_run()
            self._run.add_done_callback(self._note)
            return self._run

    @property
    def problem(self) -> str:
        """What is wrong as far as is known now, or ""."""
        is_running = self._run is not None and not self._run.done()
        if is_running and time.monotonic() - self._began_at >= self._patience:
            return SILENT
        return self._last

    def close(self) -> None:
        """End its thread and close its connection, unless it hangs."""
        with self._lock:
            if self._thread:
                self._thread.stop()
            self._thread = None

    def _note(self, run: Future[str]) -> None:
        # A run that was given up may end after the next one.
        if run is self._run or self._run is None:
            self._last = run.result()
            self._ended_at = time.monotonic()

    def _give_up(self) -> None:
        if self._thread:
            self._thread.abandon()
        self._thread = None


class _CheckThread:
    def __init__(self, check: Callable[[], str]) -> None:
        self._check = check
        self._runs: SimpleQueue[Future[str] | None] = SimpleQueue()
        self._database: BaseDatabaseWrapper | None = None
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)
        self._thread.start()

    def start_run(self) -> Future[str]:
        run: Future[str] = Future()
        self._runs.put(run)
        return run

    def stop(self) -> None:
        self._runs.put(None)
        self._thread.join(STOP_SECONDS)

    def abandon(self) -> None:
        self._runs.put(None)
        if self._database:
            hang_up(self._database)

    def _serve(self) -> None:
        self._database = use_private_connection()
        while run := self._runs.get():
            run.set_result(self._result())
        self._database.close()

    def _result(self) -> str:
        try:
            problem = self._check()
        except Exception as error:  # noqa: BLE001 - the thread must not end
            record_failure("health", error)
            problem = FAILED
        if problem and self._database:
            # The next run tries a new connection.
            self._database.close()
        return problem
