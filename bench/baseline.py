"""The bare thing: a server that calls the provider and stores nothing.

Speaks as much of our API as the bench asks for, so that the same client measures it:
what it takes is what HTTP and the provider take.
"""

import argparse
import asyncio
import json
import os
from itertools import count
from typing import Any

import aiohttp
from aiohttp import web

ids = count(1)
done: dict[int, asyncio.Task[None]] = {}
session = web.AppKey("session", aiohttp.ClientSession)


async def ask(http: aiohttp.ClientSession, text: str) -> None:
    url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
    message = {"role": "user", "content": text}
    body = {"model": "fake", "messages": [message], "stream": True}
    async with http.post(url, json=body) as answer:
        async for _ in answer.content:
            pass


async def run(request: web.Request) -> web.Response:
    asked: dict[str, Any] = await request.json()
    number = next(ids)
    done[number] = asyncio.create_task(ask(request.app[session], asked["input_text"]))
    return web.json_response({"id": number}, status=201)


async def events(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    await answer.write(b"event: attempt.started\ndata: {}\n\n")
    await done[int(request.match_info["id"])]
    await answer.write(b"event: task.completed\ndata: {}\n\n")
    return answer


async def tasks(request: web.Request) -> web.Response:
    live = "pending" in request.query["status"]
    running = sum(not task.done() for task in done.values()) if live else 0
    return web.json_response({"count": running})


async def made(_: web.Request) -> web.Response:
    return web.json_response({"id": 1, "access": "any"}, status=201)


async def ready(_: web.Request) -> web.Response:
    return web.json_response({})


async def open_session(app: web.Application) -> None:
    app[session] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def close_session(app: web.Application) -> None:
    await app[session].close()


def main() -> None:
    parser = argparse.ArgumentParser(description=json.dumps(__doc__))
    parser.add_argument("--port", type=int, required=True)
    app = web.Application()
    app.on_startup.append(open_session)
    app.on_cleanup.append(close_session)
    for path in ("/api/auth/register/", "/api/auth/token/", "/api/agents/"):
        app.router.add_post(path, made)
    app.router.add_post("/api/tasks/run/", run)
    app.router.add_get("/api/tasks/{id}/events/", events)
    app.router.add_get("/api/tasks/", tasks)
    app.router.add_get("/readyz", ready)
    port = parser.parse_args().port
    web.run_app(app, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main()
