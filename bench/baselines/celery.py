"""What people build themselves: a Celery job for each task, with one call in it.

    python -m bench.baselines.celery web|worker

200 threads, Redis between the two, nothing stored; jobs are acknowledged when they are
done, as whoever wants to lose none would have it.
"""

import os
import sys
import threading
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from itertools import count
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp import web
from celery import Celery

from bench.baselines.api import PROVIDER, chat, said, serve

THREADS = 200

app = Celery("baseline", broker=os.environ["BROKER_URL"], set_as_current=True)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_pool="threads",
    worker_concurrency=THREADS,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    # With the default of 10 acknowledgements fail, and their jobs run again.
    broker_transport_options={"max_connections": 2 * THREADS},
)
kept = threading.local()


@app.task(name="ask")
def ask(text: str) -> None:
    connection = _connection()
    headers = {"Content-Type": "application/json"}
    path = f"{urlsplit(PROVIDER).path}/chat/completions"
    connection.request("POST", path, orjson.dumps(chat(text)), headers)
    with connection.getresponse() as answer:
        "".join(map(said, answer))


def _connection() -> HTTPConnection:
    """One for each thread, kept open."""
    if not hasattr(kept, "connection"):
        kept.connection = HTTPConnection(urlsplit(PROVIDER).netloc)
    connection: HTTPConnection = kept.connection
    return connection


class Front:
    """Accepts tasks over HTTP. How many are done, the provider knows."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._accepted = 0

    async def provider(self, _: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as self._http:
            yield

    async def run(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        # Quicker on this thread than on another: it waits for nothing but Redis.
        ask.delay(asked["input_text"])
        self._accepted += 1
        return web.json_response({"id": next(self._numbers)}, status=201)

    async def live(self) -> int:
        stats = PROVIDER.removesuffix("/v1") + "/__stats"
        async with self._http.get(stats) as answer:
            completed: int = (await answer.json())["completed"]
        return self._accepted - completed


def main() -> None:
    if sys.argv[1] == "web":
        front = Front()
        serve(front.run, front.live, front.provider)
    else:
        app.worker_main(["worker", "--loglevel", "WARNING"])


if __name__ == "__main__":
    main()
