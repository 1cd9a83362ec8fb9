"""The outside world: a provider and a tool server that write down each request."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from bench.chaos.plan import Plan
from bench.fake_provider.apis import ProviderApi
from bench.fake_provider.server import FakeProvider
from bench.fake_tools.server import FakeTools


@dataclass(slots=True)
class Request:
    """One request and its connection: whole if its answer was sent to the end."""

    began_at: float
    ended_at: float | None = None
    is_whole: bool = False
    key: str = ""


class CountedProvider(FakeProvider):
    """Answers each task as its plan says: the input of a task is its plan's name."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        super().__init__()
        self._plans = plans
        # By the plan's name, and the number of the response that is asked for.
        self.asked: dict[tuple[str, int], list[Request]] = defaultdict(list)

    async def _answer(
        self, request: web.Request, api: ProviderApi, body: dict[str, Any]
    ) -> web.StreamResponse:
        asked = api.parse(body, "", "")
        plan = self._plans[asked.last_user_text]
        asks = self.asked[plan.name, asked.tool_rounds_done]
        asks.append(Request(time.time()))
        ask = asks[-1]
        script = plan.script(asked.tool_rounds_done, len(asks))
        users = [item for item in body["messages"] if item["role"] == "user"]
        users[-1]["content"] = orjson.dumps({"fake": script}).decode()
        try:
            answer = await super()._answer(request, api, body)
            ask.is_whole = True
        except ConnectionResetError:
            # Whoever asked was killed: that is what is played here, and no error.
            return web.Response()
        finally:
            ask.ended_at = time.time()
        return answer


class CountedTools(FakeTools):
    """Does a thing for each call; the name of the thing is the id of the call."""

    def __init__(self) -> None:
        super().__init__()
        self.called: dict[str, list[Request]] = defaultdict(list)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key", "")
        call = Request(time.time(), key=key)
        self.called[request.match_info["name"]].append(call)
        try:
            answer = await super()._do(request)
            call.is_whole = True
        finally:
            call.ended_at = time.time()
        return answer

    def is_open(self, call_id: str) -> bool:
        return any(call.ended_at is None for call in self.called[call_id])

    def done(self, call_id: str) -> int:
        """How often the thing was done."""
        return self.stats.done[call_id]
