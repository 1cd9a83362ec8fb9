"""The last resort against threads that do not come back."""

import os
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)


def end_process(what: str) -> NoReturn:
    """End this process now, with status 1, so that its supervisor starts another.

    A normal exit would wait for the threads. The tasks go back to the queue when the
    lease expires.
    """
    log.critical("process.stuck", waited_for=what)
    os._exit(1)
