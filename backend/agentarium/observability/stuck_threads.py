"""The last resort against threads that do not come back."""

import os
import threading
import time
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)


def end_process(what: str) -> NoReturn:
    """End this process now, with status 1, so that its supervisor starts another.

    `what` has not ended. A normal exit would wait for its threads. The tasks of a worker
    go back to the queue when its lease expires.
    """
    names = [each.name for each in threading.enumerate() if not each.daemon]
    log.critical("process.stuck", waited_for=what, threads=sorted(names))
    os._exit(1)


def end_process_after(seconds: float, what: str) -> None:
    """Call this when `what` begins to end: the process ends if it takes longer.

    A thread of its own waits, so that it does not matter what is stuck.
    """

    def wait() -> None:
        time.sleep(seconds)
        end_process(what)

    threading.Thread(target=wait, name="shutdown limit", daemon=True).start()
