"""A bare asyncio server that calls the provider and stores nothing.

It only pays for HTTP and for reading the provider: the physical limit.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count

import aiohttp
import orjson
from aiohttp import web

from bench.baselines.api import PROVIDER, chat, delta_text, serve


@dataclass(slots=True)
class Answer:
    """One task: its output so far, and an event for its readers."""

    pieces: list[str] = field(default_factory=list)
    is_complete: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def notify(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def events(self) -> AsyncIterator[bytes]:
        sent = 0
        while True:
            changed = self.changed
            for piece in self.pieces[sent:]:
                data = orjson.dumps({"text": piece})
                yield b"event: text.delta\ndata: " + data + b"\n\n"
            sent = len(self.pieces)
            if self.is_complete:
                yield b"event: task.completed\ndata: {}\n\n"
                return
            await changed.wait()


class BareServer:
    def __init__(self) -> None:
        self._numbers = count(1)
        self._answers: dict[int, Answer] = {}
        self._live = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def provider(self, _: web.Application) -> AsyncIterator[None]:
        """Keep one client of the provider open while the server runs."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as self._http:
            yield

    async def run(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        task_id = next(self._numbers)
        self._answers[task_id] = answer = Answer()
        self._live += 1
        work = asyncio.create_task(self._call_provider(body["input_text"], answer))
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        return web.json_response({"id": task_id}, status=201)

    async def _call_provider(self, text: str, answer: Answer) -> None:
        url = f"{PROVIDER}/chat/completions"
        async with self._http.post(url, json=chat(text)) as response:
            async for line in response.content:
                if piece := delta_text(line):
                    answer.pieces.append(piece)
                    answer.notify()
        self._live -= 1
        answer.is_complete = True
        answer.notify()

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async for event in self._answers[int(request.match_info["id"])].events():
            await response.write(event)
        return response

    async def live(self) -> int:
        return self._live


def main() -> None:
    server = BareServer()
    serve(server.run, server.live, server.provider, server.events)


if __name__ == "__main__":
    main()
