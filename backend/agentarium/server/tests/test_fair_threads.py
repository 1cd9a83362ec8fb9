"""Callers take turns, however many requests one of them sends."""

import asyncio
import threading
from typing import Any

import pytest
from pytest_django import Settings

from agentarium.observability.request_log import CALLER_ID
from agentarium.server import fair_threads
from agentarium.server.fair_threads import FairThreads, KnownCallers
from agentarium.server.tests.test_asgi import Client, body, scope, site_of


class BusyThread:
    """One thread, which is busy until `release`; `order` has the calls made since."""

    def __init__(self) -> None:
        self.threads = FairThreads(1, name="test")
        self.order: list[str] = []
        self._end = threading.Event()
        self._first = asyncio.create_task(self.threads.run("first", self._end.wait))

    def begin(self, caller: str) -> asyncio.Task[None]:
        return asyncio.create_task(
            self.threads.run(caller, lambda: self.order.append(caller))
        )

    async def release(self, *calls: asyncio.Task[None]) -> None:
        self._end.set()
        await asyncio.gather(self._first, *calls)
        self.threads.shutdown()


async def test_a_caller_waits_for_one_request_of_each_other() -> None:
    busy = BusyThread()
    flood = [busy.begin("mallory") for _ in range(50)]
    others = [busy.begin("alice"), busy.begin("bob")]
    # All of them are waiting.
    await asyncio.sleep(0)

    await busy.release(*flood, *others)

    assert busy.order[:3] == ["mallory", "alice", "bob"]
    assert busy.order[3:] == ["mallory"] * 49


async def test_a_caller_that_leaves_gives_its_turn_away() -> None:
    busy = BusyThread()
    left, stays = busy.begin("mallory"), busy.begin("alice")
    await asyncio.sleep(0)
    left.cancel()

    await busy.release(stays)

    assert busy.order == ["alice"]


async def test_a_caller_that_leaves_as_its_turn_comes_gives_the_thread_away() -> None:
    threads = FairThreads(1, name="test")
    release = threading.Event()
    first = asyncio.create_task(threads.run("first", release.wait))
    await asyncio.sleep(0)
    left: asyncio.Task[list[int]] = asyncio.create_task(threads.run("mallory", list))
    await asyncio.sleep(0)
    first.add_done_callback(lambda _: left.cancel())
    release.set()
    await asyncio.wait([first, left])

    assert await asyncio.wait_for(threads.run("alice", lambda: "served"), 5) == "served"
    threads.shutdown()


async def test_a_failed_call_frees_its_thread() -> None:
    threads = FairThreads(1, name="test")

    with pytest.raises(ZeroDivisionError):
        await threads.run("alice", lambda: 1 / 0)

    assert await threads.run("alice", lambda: "served") == "served"
    threads.shutdown()


class TestKnownCallers:
    def test_knows_a_credential_that_was_valid(self) -> None:
        callers = KnownCallers()
        token = request(HTTP_AUTHORIZATION="Bearer a")
        session = request(HTTP_COOKIE="sessionid=b")
        for each in (token, session):
            callers.remember(each, 7)

        assert callers.caller_of(token) == callers.caller_of(session) == "user 7"

    def test_counts_an_unknown_credential_by_its_address(self) -> None:
        callers = KnownCallers()
        made_up = request(HTTP_AUTHORIZATION="Bearer made-up")

        assert callers.caller_of(made_up) == callers.caller_of(request()) == "192.0.2.1"

    def test_takes_the_address_that_a_trusted_proxy_saw(
        self, settings: Settings
    ) -> None:
        settings.TRUSTED_PROXIES = 1
        forwarded = request(HTTP_X_FORWARDED_FOR="203.0.113.9")

        assert KnownCallers().caller_of(forwarded) == "203.0.113.9"

    def test_forgets_the_oldest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fair_threads, "MAX_KNOWN_CALLERS", 1)
        callers = KnownCallers()
        old, new = request(HTTP_COOKIE="old"), request(HTTP_COOKIE="new")
        callers.remember(old, 1)
        callers.remember(new, 2)

        assert callers.caller_of(old) == "192.0.2.1"
        assert callers.caller_of(new) == "user 2"


async def test_the_site_remembers_who_was_authenticated() -> None:
    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        environ[CALLER_ID] = 7
        start("200 OK", [])
        return []

    site = site_of(answer)
    client = Client(body())
    await site(scope(), client.received.get, client.send)

    known = {"HTTP_COOKIE": "a=1; b=2", "REMOTE_ADDR": "127.0.0.9"}
    assert site._callers.caller_of(known) == "user 7"


def request(**headers: str) -> dict[str, Any]:
    return {"REMOTE_ADDR": "192.0.2.1", **headers}
