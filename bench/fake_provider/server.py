"""The server: an aiohttp application, in this process or in its own."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self
from weakref import WeakSet

import orjson
from aiohttp import web

from bench.fake_provider.apis import (
    AnthropicApi,
    GoogleApi,
    OpenAIApi,
    ProviderApi,
    event,
)
from bench.fake_provider.script import Script, script_for, stamped

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MODELS = ("fake", "fake-large")


@dataclass(slots=True)
class Stats:
    """`closed_by_client` counts the responses that the client abandoned."""

    requests: int = 0
    open: int = 0
    peak_open: int = 0
    completed: int = 0
    failed: int = 0
    closed_by_client: int = 0


@dataclass(slots=True)
class Received:
    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)


class FakeProvider:
    """`async with FakeProvider() as provider:` serves at `provider.url`."""

    def __init__(self, port: int = 0) -> None:
        self.stats = Stats()
        self.received: deque[Received] = deque(maxlen=32)
        self._port = port
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.connections = 0
        self._runner = web.AppRunner(
            self._application(),
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=0.1,
        )
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=4096)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def reset(self) -> None:
        """Reset the counters, except for requests that are still open."""
        self.stats = Stats(open=self.stats.open, peak_open=self.stats.open)
        self._gates.clear()
        self.received.clear()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        openai = self._handler(OpenAIApi())
        application.router.add_post("/v1/chat/completions", openai)
        application.router.add_post("/v1/messages", self._handler(AnthropicApi()))
        application.router.add_post(
            "/{version:v1|v1beta}/models/{model}:{action}",
            self._handler(GoogleApi()),
        )
        application.router.add_get("/v1/models", self._models)
        application.router.add_get("/__stats", self._stats)
        application.router.add_post("/__reset", self._reset)
        application.router.add_post("/__open/{gate}", self._open)
        return application

    async def _models(self, request: web.Request) -> web.Response:
        self._record(request, {})
        rows = [{"id": name, "object": "model", "owned_by": "fake"} for name in MODELS]
        return _json({"object": "list", "data": rows})

    async def _stats(self, _: web.Request) -> web.Response:
        return _json(asdict(self.stats))

    async def _reset(self, _: web.Request) -> web.Response:
        self.reset()
        return _json(asdict(self.stats))

    async def _open(self, request: web.Request) -> web.Response:
        self._gates[request.match_info["gate"]].set()
        return _json(asdict(self.stats))

    def _record(self, request: web.Request, body: dict[str, Any]) -> None:
        self.received.append(Received(request.path, dict(request.headers), body))
        transport = request.transport
        if transport is not None and transport not in self._transports:
            self._transports.add(transport)
            self.connections += 1

    def _handler(self, api: ProviderApi) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            body = orjson.loads(await request.read())
            self._record(request, body)
            self.stats.requests += 1
            self.stats.open += 1
            self.stats.peak_open = max(self.stats.peak_open, self.stats.open)
            try:
                return await self._answer(request, api, body)
            except (asyncio.CancelledError, ConnectionResetError):
                self.stats.closed_by_client += 1
                raise
            finally:
                self.stats.open -= 1

        return answer

    async def _answer(
        self, request: web.Request, api: ProviderApi, body: dict[str, Any]
    ) -> web.StreamResponse:
        parsed = api.parse(
            body,
            request.match_info.get("model", ""),
            request.match_info.get("action", ""),
        )
        script = script_for(parsed)
        if script.gate:
            await self._gates[script.gate].wait()
        if script.first_delay:
            await asyncio.sleep(script.first_delay)
        # Google nests these settings.
        if script.refuses in body | body.get("generationConfig", {}) or (
            script.refuses == "pictures" and _has_images(body)
        ):
            script = replace(script, status=400)
        if script.status != 200:
            self.stats.failed += 1
            # A real provider may quote the request; Agentarium must not repeat it.
            request_text = f"{parsed.last_user_text} {dict(request.headers)}"
            message = script.complaint or f"refused: {request_text}"
            headers = {"Retry-After": script.retry_after} if script.retry_after else {}
            return _json(api.error_body(script, message), script.status, headers)
        if not parsed.is_stream or script.is_streaming_ignored:
            self.stats.completed += 1
            return _json(api.complete_body(script, parsed.model))
        return await self._stream(request, api, script, parsed.model)

    async def _stream(
        self, request: web.Request, api: ProviderApi, script: Script, model: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        opening, *pieces = api.frames(script, model)
        frames = [opening + b"".join(pieces[:1]), *pieces[1:]]
        if not script.delay:
            frames = [b"".join(frames)]
        if script.then == "finish" and not script.delay:
            frames = [frames[0] + api.final_frames(script, model)]
        for number, frame in enumerate(frames):
            if number:
                await asyncio.sleep(script.delay)
            await response.write(stamped(frame) if script.is_stamped else frame)
        if script.then == "finish" and script.delay:
            await response.write(api.final_frames(script, model))
        return await self._end_stream(request, response, api, script)

    async def _end_stream(
        self,
        request: web.Request,
        response: web.StreamResponse,
        api: ProviderApi,
        script: Script,
    ) -> web.StreamResponse:
        """End the stream as the script says."""
        if script.then == "hang":
            await asyncio.Event().wait()
        if script.then == "garbage":
            await response.write(b'data: {"choices": [\xff\n\nwhat is this\n\n')
        if script.then == "error":
            error = api.error_body(script, "scripted error")
            await response.write(event(error, script, api.error_event))
        if script.then == "finish":
            self.stats.completed += 1
        else:
            self.stats.failed += 1
        if script.then == "cut" and request.transport is not None:
            request.transport.close()
        else:
            await response.write_eof()
        return response


def _json(
    data: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=orjson.dumps(data),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def _has_images(body: dict[str, Any]) -> bool:
    """Whether a request of any API has images."""
    data = orjson.dumps(body)
    return any(mark in data for mark in (b'"image_url"', b'"image"', b'"inlineData"'))
