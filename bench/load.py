"""The load: clients in a process of their own, so that they are nobody's CPU time."""

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

# Of a core; beyond it the figures may be those of the load, not of what is measured.
MOST_CPU = 0.8


class Load:
    """Calls coroutine functions in the other process, one after the other."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self.most_cpu = 0.0

    def __call__(
        self, work: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        result, share = self._pool.submit(_run, work, args, kwargs).result()
        self.most_cpu = max(self.most_cpu, share)
        answer: R = result
        return answer


@contextmanager
def load() -> Iterator[Load]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        # Loaded before anything is measured.
        pool.submit(_nothing).result()
        yield Load(pool)


def _nothing() -> None:
    pass


def _run(
    work: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, float]:
    """The result, and the part of a core that it took."""
    began_at, used = time.monotonic(), _cpu()
    result = uvloop.run(_call(work, args, kwargs))
    return result, (_cpu() - used) / (time.monotonic() - began_at)


async def _call(
    work: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    return await work(*args, **kwargs)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
