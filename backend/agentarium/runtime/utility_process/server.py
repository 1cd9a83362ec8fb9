"""The utility process itself: answers one request after the other, within its limits."""

import math
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from agentarium.runtime.utility_process.frames import encoded, read_frame

Handler = Callable[[Any], Iterator[Any]]


def serve(handle: Handler, *, memory_bytes: int) -> None:
    """Answer the requests on standard input until it ends, as it does with the parent.

    `handle` yields answers, each better than the one before: when time runs out, the
    parent has the last one. An exception ends the process, and the parent starts
    another. Call it after all imports, since the limit is for the address space.
    """
    requests, answers = sys.stdin.buffer, _claimed_stdout()
    _limit(resource.RLIMIT_AS, memory_bytes)
    _write(answers, {})
    with suppress(EOFError, BrokenPipeError):
        while True:
            message = read_frame(lambda size: _exactly(requests, size))
            began_at = _used_cpu()
            # In case that the parent is gone, and cannot end us.
            _limit(resource.RLIMIT_CPU, began_at + message["seconds"] + 1)
            for answer in handle(message["request"]):
                _write(answers, [answer])
            _write(answers, {"cpu_seconds": _used_cpu() - began_at})


def _claimed_stdout() -> BinaryIO:
    """Standard output for us alone: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _write(answers: BinaryIO, message: Any) -> None:
    answers.write(encoded(message))
    answers.flush()


def _used_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _limit(kind: int, value: float) -> None:
    # macOS has no limit of the address space.
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (math.ceil(value), hard))
