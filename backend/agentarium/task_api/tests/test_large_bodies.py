"""Large bodies of requests to the whole site: which routes take them, and from whom."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from rest_framework_simplejwt.tokens import AccessToken

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.http.body_limits import SMALL_BODY, body_limit_of_path, large_body
from agentarium.server.asgi import Site
from agentarium.server.request_body import Bodies
from agentarium.server.tests.test_asgi import Client, body, empty_lifespan
from agentarium.server.tests.test_request_body import RUN, Headers, call, post
from agentarium.tasks.models import AgentTask


class TestRoutes:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/auth/token/",
            "/api/auth/register/",
            "/api/tokens/",
            "/api/queue/fail/",
            "/api/nothing/",
            "/admin/login/",
            "/",
        ],
    )
    def test_most_take_small_bodies_only(self, path: str) -> None:
        assert body_limit_of_path(path) == SMALL_BODY

    @pytest.mark.parametrize(
        "path",
        [
            RUN,
            "/api/agents/",
            "/api/agents/1/",
            "/api/approvals/1/answer/",
            "/api/http-tools/1/test/",
            "/api/proxy-probe/",
            "/admin/agents/agent/add/",
        ],
    )
    def test_inputs_and_definitions_may_be_large(self, path: str) -> None:
        assert body_limit_of_path(path) == large_body()


@pytest.fixture
def site() -> Site:
    """The site itself."""
    bodies = Bodies(folder=Path(), limit_of=body_limit_of_path)
    return Site(WSGIHandler(), lifespan=empty_lifespan, threads=1, bodies=bodies)


@pytest.mark.django_db(transaction=True)
class TestAsking:
    """A large body is read once its sender is known."""

    @pytest.fixture
    def token(self, alice: User) -> Headers:
        token = AccessToken.for_user(alice)
        return [(b"authorization", f"Bearer {token}".encode())]

    @pytest.fixture
    def task(self, agent: Agent) -> bytes:
        """A task with more than a small body's input."""
        return json.dumps({"agent": agent.pk, "input_text": "x" * 90_000}).encode()

    async def call(self, site: Site, request: Any, *messages: Any) -> Client:
        client = await call(site, request, *messages)
        await self.in_pool(site, connections.close_all)
        return client

    async def in_pool(self, site: Site, function: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            site._threads.pool, function
        )

    async def test_a_strangers_large_body_is_not_read(self, site: Site) -> None:
        client = await self.call(site, post(RUN, 4_900_000), body(b"{", more=True))

        assert client.status == 401
        assert client.received.qsize() == 1

    async def test_a_strangers_chunks_are_not_read_on(self, site: Site) -> None:
        chunk = body(b"x" * SMALL_BODY, more=True)

        client = await self.call(site, post(RUN, None), chunk, chunk, chunk)

        assert client.status == 401
        assert client.received.qsize() == 1

    async def test_a_sign_in_takes_no_large_body(self, site: Site) -> None:
        request = post("/api/auth/token/", SMALL_BODY + 1)

        client = await self.call(site, request, body(b"{", more=True))

        assert client.status == 413
        assert client.received.qsize() == 1

    async def test_a_users_large_body_arrives(
        self, site: Site, token: Headers, task: bytes
    ) -> None:
        half = len(task) // 2
        parts = (body(task[:half], more=True), body(task[half:]))

        client = await self.call(site, post(RUN, len(task), token), *parts)

        assert client.status == 201
        stored = await self.in_pool(site, AgentTask.objects.get)
        assert stored.input_text == "x" * 90_000
        await self.in_pool(site, connections.close_all)

    async def test_it_counts_once_against_the_rate(
        self, site: Site, token: Headers, task: bytes, settings: Any
    ) -> None:
        settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"user": "2/min"}
        request = post(RUN, len(task), token)

        clients = [await self.call(site, request, body(task)) for _ in range(3)]

        assert [client.status for client in clients] == [201, 201, 429]
        assert (b"ratelimit-remaining", b"1") in clients[0].sent[0]["headers"]
        # The last one's body was not read.
        assert clients[2].received.qsize() == 1
