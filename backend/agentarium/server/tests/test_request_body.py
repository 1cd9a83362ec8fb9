"""Bodies of requests: what is read of them, when, and where it is kept."""

import asyncio
import errno
import json
import tempfile
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse

import pytest

from agentarium.http.body_limits import (
    UnreadBody,
)
from agentarium.observability.request_log import CALLER_ID
from agentarium.server import asgi, request_body
from agentarium.server.asgi import Site
from agentarium.server.fair_threads import FairThreads
from agentarium.server.request_body import Bodies
from agentarium.server.tests.test_asgi import Client, body, echo, empty_lifespan, scope
from agentarium.tests.eventually import eventually

RUN = "/api/tasks/run/"
Headers = list[tuple[bytes, bytes]]


def post(path: str, length: int | None, headers: Headers | None = None) -> Any:
    """The head of a request; `length` is None for a body in chunks."""
    known = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    if length is not None:
        known.append((b"content-length", str(length).encode()))
    return scope("POST", path=path, headers=[*known, *(headers or [])])


def limited(
    limit: int, folder: Path = Path(), share: float = 1.0, **budgets: int
) -> Site:
    """A site that echoes bodies of up to `limit` bytes; those over ten are large."""
    bodies = Bodies(
        folder=folder, limit_of=lambda _: limit, small=10, share=share, **budgets
    )
    return Site(_asked_echo, lifespan=empty_lifespan, threads=2, bodies=bodies)


def _asked_echo(environ: dict[str, Any], start: StartResponse) -> list[bytes]:
    """Takes large bodies, as a view does that reads them."""
    if isinstance(environ["wsgi.input"], UnreadBody):
        start("100 Continue", [])
        return []
    return list(echo(environ, start))


def _signed_in_echo(environ: dict[str, Any], start: StartResponse) -> list[bytes]:
    environ[CALLER_ID] = 7
    return _asked_echo(environ, start)


async def call(site: Site, request: Any, *messages: Any) -> Client:
    client = Client(*messages)
    await site(request, client.received.get, client.send)
    return client


class TestLimits:
    async def test_a_declared_length_is_refused_before_anything_is_read(self) -> None:
        client = await call(limited(100), post("/", 101), body(b"x", more=True))

        assert client.status == 413
        assert json.loads(client.body)["code"] == "content_too_large"
        assert client.received.qsize() == 1

    async def test_chunks_are_counted_as_they_come(self) -> None:
        parts = [body(b"x" * 30, more=True) for _ in range(6)]

        client = await call(limited(100), post("/", None), *parts)

        assert client.status == 413
        assert client.received.qsize() == 2

    async def test_a_length_that_is_too_small_does_not_lift_the_limit(self) -> None:
        parts = [body(b"x" * 30, more=True) for _ in range(6)]

        client = await call(limited(100), post("/", 5), *parts)

        assert client.status == 413

    @pytest.mark.parametrize("size", [0, 10, 11, 100])
    @pytest.mark.parametrize("is_chunked", [True, False])
    async def test_a_body_up_to_the_limit_arrives_whole(
        self, size: int, *, is_chunked: bool
    ) -> None:
        content = bytes(range(size))
        request = post("/", None if is_chunked else size)

        client = await call(
            limited(100), request, body(content[:7], more=True), body(content[7:])
        )

        assert (client.status, client.body) == (201, b"POST " + content)


class TestBudgets:
    async def test_a_large_body_goes_to_disk_and_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_body, "MEMORY_BYTES_PER_BODY", 20)
        site = limited(100, tmp_path / "tmp")

        client = await call(
            site, post("/", 60), *[body(b"x" * 15, more=True)] * 3, body(b"y" * 15)
        )

        assert client.body == b"POST " + b"x" * 45 + b"y" * 15
        assert list((tmp_path / "tmp").iterdir()) == []
        assert (site._bodies.memory.used, site._bodies.disk.used) == (0, 0)

    async def test_bodies_go_to_disk_when_the_memory_for_all_is_used(
        self, tmp_path: Path
    ) -> None:
        site = limited(100, tmp_path, memory=5)

        client = await call(site, post("/", 9), body(b"123456789"))

        assert client.body == b"POST 123456789"
        assert (site._bodies.memory.used, site._bodies.disk.used) == (0, 0)

    async def test_a_body_that_finds_no_room_is_refused_for_now(
        self, tmp_path: Path
    ) -> None:
        site = limited(100, tmp_path, memory=5, disk=20)
        stalled = Client(body(b"x" * 20, more=True))
        request = asyncio.create_task(
            site(
                post("/", 30) | {"client": ("127.0.0.1", 1)},
                stalled.received.get,
                stalled.send,
            )
        )
        while site._bodies.disk.used < 20:
            await asyncio.sleep(0)

        client = await call(site, post("/", 9), body(b"123456789"))

        assert client.status == 503
        assert json.loads(client.body)["code"] == "server_busy"
        assert (b"retry-after", b"5") in client.sent[0]["headers"]
        stalled.leave()
        await request
        assert stalled.sent == []
        assert (site._bodies.memory.used, site._bodies.disk.used) == (0, 0)

    async def test_the_stalled_bodies_of_one_caller_leave_room_to_others(
        self, tmp_path: Path
    ) -> None:
        site = limited(100, tmp_path, memory=8, disk=40, share=0.5)
        mine = {"client": ("127.0.0.1", 1)}
        stalled = Client(body(b"x" * 20, more=True))
        request = asyncio.create_task(
            site(post("/", 30) | mine, stalled.received.get, stalled.send)
        )
        while site._bodies.disk.used < 20:
            await asyncio.sleep(0)

        own = await call(site, post("/", 9) | mine, body(b"123456789"))
        other = await call(site, post("/", 9), body(b"123456789"))

        assert (own.status, other.status) == (429, 201)
        assert json.loads(own.body)["code"] == "too_many_bodies"
        assert (b"retry-after", b"5") in own.sent[0]["headers"]
        stalled.leave()
        await request
        assert (site._bodies.memory.used, site._bodies.disk.used) == (0, 0)

    @pytest.mark.parametrize("first", [b"x" * 7, b"x" * 11])
    async def test_a_body_belongs_to_the_user_that_sends_it(
        self, tmp_path: Path, first: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_body, "MEMORY_BYTES_PER_BODY", 10)
        site = limited(100, tmp_path)
        budgets = site._bodies.memory, site._bodies.disk
        headers = [(b"authorization", b"Bearer a")]
        stalled = Client(body(first, more=True), body(b"x" * 11, more=True))
        site._site = _signed_in_echo
        request = asyncio.create_task(
            site(post("/", None, headers), stalled.received.get, stalled.send)
        )
        size = len(first) + 11

        await eventually(
            "the user to be known",
            lambda: [budget._used_by for budget in budgets] == [{}, {"user 7": size}],
        )
        stalled.leave()
        await request
        assert [dict(budget._used_by) for budget in budgets] == [{}, {}]

    async def test_a_full_disk_refuses_bodies_for_now(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(tempfile, "TemporaryFile", fail)
        site = limited(100, tmp_path, memory=5)

        client = await call(site, post("/", 9), body(b"123456789"))

        assert client.status == 503
        assert (site._bodies.memory.used, site._bodies.disk.used) == (0, 0)


class TestQueue:
    async def test_a_request_that_waited_too_long_for_a_thread_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asgi, "QUEUE_SECONDS", 0)
        site = limited(100)
        site._threads = FairThreads(1, name="test")

        client = await call(site, post("/", 1), body(b"x"))

        assert client.status == 503
        assert json.loads(client.body)["code"] == "server_busy"
