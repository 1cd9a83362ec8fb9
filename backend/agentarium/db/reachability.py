"""What connecting to PostgreSQL, and waiting for it, has shown about the server."""

from collections.abc import Callable
from enum import Enum


class ConnectOutcome(Enum):
    """How an attempt to connect ended."""

    OPENED = "opened"
    # The server, or its machine, said no. So it is away for others as well.
    REFUSED = "refused"
    # Nothing came back. It may be only our side that is cut off.
    SILENT = "silent"


_last_outcome = ConnectOutcome.OPENED
_on_silence: list[Callable[[], None]] = []


def record_connect(outcome: ConnectOutcome) -> None:
    global _last_outcome  # noqa: PLW0603 - one server for the process
    _last_outcome = outcome


def is_server_refusing() -> bool:
    """Whether the last attempt of this process to connect was refused."""
    return _last_outcome is ConnectOutcome.REFUSED


def on_silence(callback: Callable[[], None]) -> None:
    """Call `callback`, in any thread, for each connection that was found silent."""
    _on_silence.append(callback)


def report_silence() -> None:
    for callback in _on_silence:
        callback()
