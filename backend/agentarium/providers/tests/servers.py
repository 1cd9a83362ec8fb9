"""Model servers for tests of synchronous code."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench.fake_provider import FakeProvider


@contextmanager
def serving() -> Iterator[FakeProvider]:
    """A fake provider in its own thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    provider = FakeProvider()
    try:
        asyncio.run_coroutine_threadsafe(provider.__aenter__(), loop).result(10)
        yield provider
        asyncio.run_coroutine_threadsafe(provider.__aexit__(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
