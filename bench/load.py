"""Clients in a separate process, so that their CPU time is not measured."""

import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import uvloop

P = ParamSpec("P")
R = TypeVar("R")

# Share of a core; above it the clients, not the system, may limit the figures.
MAX_CPU = 0.8


class LoadProcess:
    """Calls coroutine functions in the other process, one at a time."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self.peak_cpu = 0.0

    def __call__(
        self, work: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        result, share = self._pool.submit(_run, work, args, kwargs).result()
        self.peak_cpu = max(self.peak_cpu, share)
        returned: R = result
        return returned


@contextmanager
def load_process() -> Iterator[LoadProcess]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        # Start the process before anything is measured.
        pool.submit(_nothing).result()
        yield LoadProcess(pool)


def _nothing() -> None:
    pass


def _run(
    work: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, float]:
    """Return the result, and the share of a core that the work used."""
    started_at, used = time.monotonic(), _cpu()
    result = uvloop.run(_call(work, args, kwargs))
    return result, (_cpu() - used) / (time.monotonic() - started_at)


async def _call(
    work: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    return await work(*args, **kwargs)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
