"""A TCP proxy whose connections can go silent or slow."""

import asyncio
from contextlib import suppress

CHUNK = 65_536
HOST = "127.0.0.1"


class _Pair:
    """The two connections between which bytes are passed on."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self.client = client
        self.server = server
        self.is_silent = False

    def abort(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


class Proxy:
    """Passes bytes on to a port of this machine, until told otherwise.

    `delay` are the seconds by which it delays each piece. A connection that is silent
    stays open on both sides, even if one of them closes it.
    """

    def __init__(self, target: int) -> None:
        self.delay = 0.0
        self._target = target
        self._swallows_new = False
        self._pairs: set[_Pair] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def open_connections(self) -> int:
        return len(self._pairs)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, 0)

    def close(self) -> None:
        if self._server:
            self._server.close()
        for pair in self._pairs:
            pair.abort()

    def silence(self, *, new_ones_too: bool) -> None:
        """Nothing passes on the open connections any more, nor on new ones if wished."""
        self._swallows_new = new_ones_too
        for pair in self._pairs:
            pair.is_silent = True

    def end_silence(self) -> None:
        """Close the silent connections. New ones work."""
        self._swallows_new = False
        for pair in self._pairs:
            if pair.is_silent:
                pair.abort()

    async def _serve(
        self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        try:
            from_server, server = await asyncio.open_connection(HOST, self._target)
        except OSError:
            # As if nothing listened here.
            client.transport.abort()
            return
        pair = _Pair(client, server)
        pair.is_silent = self._swallows_new
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._pass_on(from_client, server, pair),
                self._pass_on(from_server, client, pair),
            )
        finally:
            self._pairs.discard(pair)
            pair.abort()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, pair: _Pair
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if not pair.is_silent:
                    sink.write(data)
                    await sink.drain()
        if not pair.is_silent:
            sink.close()
