"""A fake provider and a fake tool server that record each request."""

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
    """One request; `is_whole` if its response was sent completely."""

    started_at: float
    ended_at: float | None = None
    is_whole: bool = False
    key: str = ""


class RecordingProvider(FakeProvider):
    """Answers each task as planned: the input of a task is its plan's name."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        super().__init__()
        self._plans = plans
        # By the plan's name and the number of the requested response.
        self.requests: dict[tuple[str, int], list[Request]] = defaultdict(list)

    async def _answer(
        self, request: web.Request, api: ProviderApi, body: dict[str, Any]
    ) -> web.StreamResponse:
        asked = api.parse(body, "", "")
        plan = self._plans[asked.last_user_text]
        recorded = Request(time.time())
        requests = self.requests[plan.name, asked.tool_rounds_done]
        requests.append(recorded)
        script = plan.script(asked.tool_rounds_done, len(requests))
        users = [item for item in body["messages"] if item["role"] == "user"]
        users[-1]["content"] = orjson.dumps({"fake": script}).decode()
        try:
            answer = await super()._answer(request, api, body)
            recorded.is_whole = True
        except ConnectionResetError:
            # The worker was killed, as intended.
            return web.Response()
        finally:
            recorded.ended_at = time.time()
        return answer


class RecordingTools(FakeTools):
    """Records the calls of `/do/{name}`; the name is the id of the planned call."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[str, list[Request]] = defaultdict(list)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key", "")
        call = Request(time.time(), key=key)
        self.requests[request.match_info["name"]].append(call)
        try:
            answer = await super()._do(request)
            call.is_whole = True
        finally:
            call.ended_at = time.time()
        return answer

    def is_open(self, call_id: str) -> bool:
        return any(call.ended_at is None for call in self.requests[call_id])

    def done_count(self, call_id: str) -> int:
        """How often the call had its effect."""
        return self.stats.done[call_id]
