"""Background work whose failures are logged and counted, and that is then tried again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from agentarium.observability.metrics import BACKGROUND_FAILURES, labelled

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0


def record_failure(work: str, error: BaseException) -> None:
    """Log and count a failed run. `work` is one of a few names: it labels the metric."""
    log.error("background.failed", work=work, exc_info=error)
    labelled(BACKGROUND_FAILURES, work).inc()


async def repeat_on_failure(work: str, run: Callable[[], Awaitable[None]]) -> None:
    """Await `run()`; if it fails, record that and start it again after a pause."""
    while True:
        try:
            return await run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process goes on
            record_failure(work, error)
        await asyncio.sleep(PAUSE_SECONDS)
