"""Connections that are kept open: idle, slow, stalled, and never read from."""

import asyncio

from bench.chaos.hostile.attacker import Attacker, Input

FAMILY = "connections"
STALLED_BYTES = 4_900_000


async def idle(attacker: Attacker) -> None:
    """1,000 connections send nothing; the server may open 1,024 files."""
    async with attacker.connections(1_000, b""):
        await asyncio.Event().wait()


async def slow_heads(attacker: Attacker) -> None:
    """400 connections send a head, one header each 0.5 s."""
    head = b"GET /api/auth/me/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    async with attacker.connections(400, head) as writers:
        while True:
            await asyncio.sleep(0.5)
            for writer in writers:
                if not writer.is_closing():
                    writer.write(b"X-Slow: 1\r\n")


async def stalled_bodies(attacker: Attacker) -> None:
    """60 anonymous bodies of 4.9 MB stop before their last byte."""
    head = (
        b"POST /api/auth/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % STALLED_BYTES
    )
    async with attacker.connections(60, head + b" " * (STALLED_BYTES - 1)):
        await asyncio.Event().wait()


async def stalled_bodies_with_account(attacker: Attacker) -> None:
    """The same with an account, at a route that takes large bodies."""
    head = f"POST /api/agents/ HTTP/1.1\r\n{_own_headers(attacker)}".encode()
    length = b"Content-Length: %d\r\n\r\n" % STALLED_BYTES
    body = b" " * (STALLED_BYTES - 1)
    async with attacker.connections(60, head + length + body):
        await asyncio.Event().wait()


async def signed_in_stalled_bodies(attacker: Attacker) -> None:
    """1,000 connections that have signed in stop in the middle of a small body."""
    own = _own_headers(attacker)
    first = f"GET /api/auth/me/ HTTP/1.1\r\n{own}\r\n".encode()
    second = f"POST /api/agents/ HTTP/1.1\r\n{own}Content-Length: 1000\r\n\r\n{{"
    async with attacker.connections(1_000, first) as writers:
        await asyncio.sleep(1)
        for writer in writers:
            if not writer.is_closing():
                writer.write(second.encode())
        await asyncio.Event().wait()


async def stream_readers(attacker: Attacker) -> None:
    """300 readers of a long stream never read."""
    agent = await attacker.create_agent()
    text = '{"fake": {"text": "0123456789", "repeats": 400000, "pieces": 4000, '
    task = {"agent": agent, "input_text": text + '"delay": 0.005}}'}
    created = await attacker.send("POST", "/api/tasks/run/", task)
    if created:
        path = f"/api/tasks/{created['id']}/events/"
        await _never_read(attacker, path, 300)


async def list_readers(attacker: Attacker) -> None:
    """300 connections ask for lists without end, and never read them."""
    await _never_read(attacker, "/api/tools/", 300, times=4)


async def _never_read(
    attacker: Attacker, path: str, count: int, *, times: int = 1
) -> None:
    head = f"GET {path} HTTP/1.1\r\n{_own_headers(attacker)}\r\n".encode()
    async with attacker.connections(count, head * times):
        await asyncio.Event().wait()


def _own_headers(attacker: Attacker) -> str:
    headers = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        **attacker.headers,
    }
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


CONNECTIONS: tuple[Input, ...] = (
    Input("1,000 idle connections", FAMILY, idle, is_short=True),
    Input("400 slow heads", FAMILY, slow_heads),
    Input("60 stalled bodies, anonymous", FAMILY, stalled_bodies, is_short=True),
    Input("60 stalled bodies", FAMILY, stalled_bodies_with_account),
    Input("1,000 stalled bodies, signed in", FAMILY, signed_in_stalled_bodies),
    Input("300 streams never read", FAMILY, stream_readers, is_short=True),
    Input("300 lists never read", FAMILY, list_readers),
)
