"""Calls of tools and MCP servers that a request waits for: limits in number and time."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.core.exceptions import ServerBusyError
from agentarium.runtime.tools.mcp.tool_info import McpToolInfo, McpToolList
from agentarium.tests.eventually import eventually_sync
from agentarium.tools import live_calls, services
from agentarium.tools.live_calls import (
    MAX_CALLS_PER_USER,
    RunningCalls,
    call_now,
    max_calls,
    slots,
)
from agentarium.tools.tests.factories import HttpToolFactory, McpServerFactory
from agentarium.tools.tests.serving import ToolsServing
from agentarium.tools.usable_tools import usable_tools

pytestmark = pytest.mark.django_db


@pytest.fixture
def tools(settings: Settings) -> Iterator[Any]:
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with ToolsServing() as tools:
        yield tools


@pytest.fixture
def slow_names(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Iterator[threading.Event]:
    """Name servers that do not respond until the event is set."""
    answered = threading.Event()
    resolve = socket.getaddrinfo

    def wait(host: Any, *args: Any, **options: Any) -> Any:
        if host == "slow.example":
            answered.wait()
            host = "127.0.0.1"
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    monkeypatch.setattr(services, "MAX_CALL_SECONDS", 0.2)
    monkeypatch.setattr(services, "MAX_REFRESH_SECONDS", 0.2)
    settings.OUTBOUND_ALLOW = ["slow.example"]
    yield answered
    answered.set()


def _test(client: APIClient, owner: User, address: str) -> Any:
    tool = HttpToolFactory.create(owner=owner, method="POST", url_template=address)
    return client.post(f"/api/http-tools/{tool.pk}/test/", {})


class TestNumber:
    def test_a_users_slow_calls_leave_those_of_others_alone(
        self,
        api: APIClient,
        alice: User,
        stranger_api: APIClient,
        stranger: User,
        tools: Any,
    ) -> None:
        with ExitStack() as calls:
            for _ in range(MAX_CALLS_PER_USER):
                calls.enter_context(slots.hold(alice.pk, 12))
            refused = _test(api, alice, f"{tools.url}/do/pay")
            made = _test(stranger_api, stranger, f"{tools.url}/do/pay")
        after = _test(api, alice, f"{tools.url}/do/pay?again=1")

        assert refused.status_code == 429
        assert refused.data["code"] == "throttled"
        assert "of your tools" in refused.data["detail"]
        assert 1 <= int(refused.headers["Retry-After"]) <= 12
        assert (made.status_code, made.data["is_error"]) == (200, False)
        assert after.status_code == 200

    def test_a_refresh_counts_as_well(self, api: APIClient, alice: User) -> None:
        server = McpServerFactory.create(owner=alice, url="https://mcp.example/")

        with slots.hold(alice.pk, 12), slots.hold(alice.pk, 15):
            response = api.post(f"/api/mcp-servers/{server.pk}/refresh/")

        assert response.status_code == 429

    def test_all_calls_together_leave_threads_for_refusals(
        self, api: APIClient, alice: User, settings: Settings, tools: Any
    ) -> None:
        settings.WAITING_THREADS = 5
        others = range(10**6, 10**6 + max_calls())

        with ExitStack() as calls:
            for other in others:
                calls.enter_context(slots.hold(other, 20))
            response = _test(api, alice, f"{tools.url}/do/pay")

        assert len(others) == 3
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "5"
        assert not tools.received


class TestTime:
    def test_a_call_ends_although_the_name_server_does_not_respond(
        self, api: APIClient, alice: User, slow_names: threading.Event
    ) -> None:
        response = _test(api, alice, "https://slow.example/")

        assert not slow_names.is_set()
        assert response.status_code == 200
        assert response.data["is_error"] is True
        assert response.data["result"] == "No response within 0.2 seconds."

    def test_so_does_a_refresh(
        self, api: APIClient, alice: User, slow_names: threading.Event
    ) -> None:
        server = McpServerFactory.create(owner=alice, url="https://slow.example/")

        response = api.post(f"/api/mcp-servers/{server.pk}/refresh/")

        assert not slow_names.is_set()
        assert response.status_code == 409
        assert "too long" in response.data["detail"]

    def test_a_call_ends_although_the_endpoint_does_not(
        self,
        api: APIClient,
        alice: User,
        tools: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(services, "MAX_CALL_SECONDS", 0.2)

        response = _test(api, alice, f"{tools.url}/do/pay?delay=600")

        assert response.data["result"] == "No response within 0.2 seconds."

    def test_frees_its_slot(
        self, api: APIClient, alice: User, slow_names: threading.Event
    ) -> None:
        _test(api, alice, "https://slow.example/")

        assert live_calls.slots.in_progress == 0


class TestWaiting:
    def test_returns_the_result(self) -> None:
        done: Future[int] = Future()
        done.set_result(7)

        assert RunningCalls().wait(done, 600) == 7

    def test_raises_the_error(self) -> None:
        failed: Future[int] = Future()
        failed.set_exception(LookupError())

        with pytest.raises(LookupError):
            RunningCalls().wait(failed, 600)

    def test_ends_in_time(self) -> None:
        with pytest.raises(TimeoutError):
            RunningCalls().wait(Future(), 0.01)


class TestShutdown:
    @pytest.fixture(autouse=True)
    def running(self, monkeypatch: pytest.MonkeyPatch) -> RunningCalls:
        running = RunningCalls()
        monkeypatch.setattr(live_calls, "running", running)
        return running

    def test_cancels_running_calls(self, running: RunningCalls) -> None:
        has_begun = threading.Event()
        is_cancelled = threading.Event()

        async def wait(_: Any) -> None:
            has_begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                is_cancelled.set()

        def call() -> None:
            call_now(wait, owner_id=1, within=600, timed_out=TimeoutError())

        with ThreadPoolExecutor() as pool:
            result = pool.submit(call)
            assert has_begun.wait(30)
            running.stop()
            running.stop()
            error = result.exception(30)

        assert isinstance(error, ServerBusyError)
        assert error.retry_after
        assert is_cancelled.is_set()
        assert live_calls.slots.in_progress == 0

    def test_ends_the_wait_for_a_future(self, running: RunningCalls) -> None:
        never: Future[int] = Future()

        with ThreadPoolExecutor() as pool:
            result = pool.submit(running.wait, never, 600)
            eventually_sync("the thread to wait", lambda: running._waiting)
            running.stop()
            error = result.exception(30)

        assert isinstance(error, ServerBusyError)
        assert not running._waiting
        with pytest.raises(ServerBusyError):
            running.wait(never, 600)

    def test_ends_the_check_of_a_list(self, running: RunningCalls) -> None:
        tools = [McpToolInfo("a", "", {"type": "object"}, "read")]
        running.stop()

        with pytest.raises(ServerBusyError):
            usable_tools(McpToolList(tools), known=[], owner_id=1)

    def test_ends_the_check_of_a_schema_that_is_saved(
        self, api: APIClient, running: RunningCalls
    ) -> None:
        costly = {"type": "object", "properties": {"a": {"uniqueItems": True}}}
        tool = {"name": "a", "url_template": "https://a.example/", "parameters": costly}
        running.stop()

        assert api.post("/api/http-tools/", tool).status_code == 503

    def test_refuses_new_ones(
        self, api: APIClient, alice: User, tools: Any, running: RunningCalls
    ) -> None:
        server = McpServerFactory.create(owner=alice, url=tools.url)
        running.stop()

        tried = _test(api, alice, f"{tools.url}/do/pay")
        refreshed = api.post(f"/api/mcp-servers/{server.pk}/refresh/")

        assert (tried.status_code, refreshed.status_code) == (503, 503)
        assert "shutting down" in tried.data["detail"]
        assert not tools.received


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", reverse("http-tool-test", args=[1])),
        ("POST", reverse("mcp-server-refresh", args=[1])),
        ("GET", "/api/models/"),
        ("GET", "/api/providers/"),
    ],
)
def test_the_site_knows_the_requests_that_wait(
    method: str, route: str, settings: Settings
) -> None:
    assert settings.WAITING_REQUESTS.fullmatch(f"{method} {route}")
    assert not settings.WAITING_REQUESTS.fullmatch("GET /api/http-tools/1/")
