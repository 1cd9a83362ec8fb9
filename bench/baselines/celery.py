"""A typical home-grown solution: a Celery job per task, with one provider call.

    python -m bench.baselines.celery web|worker

The worker has 200 threads. Nothing is stored. Jobs are acknowledged after they ran, so
that a dying worker loses none.
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

from bench.baselines.api import PROVIDER, chat, delta_text, serve

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
    # With the default of 10, acknowledgements fail and their jobs run again.
    broker_transport_options={"max_connections": 2 * THREADS},
)
thread_local = threading.local()


@app.task(name="call_provider")
def call_provider(text: str) -> None:
    connection = _connection()
    headers = {"Content-Type": "application/json"}
    path = f"{urlsplit(PROVIDER).path}/chat/completions"
    connection.request("POST", path, orjson.dumps(chat(text)), headers)
    with connection.getresponse() as response:
        "".join(map(delta_text, response))


def _connection() -> HTTPConnection:
    """One persistent connection per thread."""
    if not hasattr(thread_local, "connection"):
        thread_local.connection = HTTPConnection(urlsplit(PROVIDER).netloc)
    connection: HTTPConnection = thread_local.connection
    return connection


class WebServer:
    """Accepts tasks over HTTP. The provider's statistics tell how many are done."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._accepted = 0

    async def provider(self, _: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as self._http:
            yield

    async def run(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        # It only waits for Redis, so a thread for it would cost more than it saves.
        call_provider.delay(body["input_text"])
        self._accepted += 1
        return web.json_response({"id": next(self._numbers)}, status=201)

    async def live(self) -> int:
        stats = PROVIDER.removesuffix("/v1") + "/__stats"
        async with self._http.get(stats) as response:
            completed: int = (await response.json())["completed"]
        return self._accepted - completed


def main() -> None:
    if sys.argv[1] == "web":
        server = WebServer()
        serve(server.run, server.live, server.provider)
    else:
        app.worker_main(["worker", "--loglevel", "WARNING"])


if __name__ == "__main__":
    main()
