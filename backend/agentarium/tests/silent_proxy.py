"""A TCP proxy in front of PostgreSQL or Redis whose connections can go silent or slow."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import connection

from agentarium.tests.database_address import database_at

CHUNK = 65_536
# A session that waits for a lock does not notice that its client is gone.
SESSION_END_SECONDS = 10.0


class _Pair:
    """A client and the server; both stay connected while nothing is passed on."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_silent = False
        self.thread: threading.Thread | None = None

    def end(self) -> None:
        """Tell both that nothing follows. The server then ends its session."""
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Wait for the end of the server's session: a test database may be dropped next."""
        self.end()
        if self.thread:
            self.thread.join()
        self.server.settimeout(SESSION_END_SECONDS)
        with suppress(OSError):
            while self.server.recv(CHUNK):
                pass
        self.client.close()
        self.server.close()


class SilentProxy:
    """Passes bytes on, until told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[_Pair] = []
        self._swallows_new = False
        self._delay = 0.0
        self._is_closed = False
        # Bytes that clients have sent on connections that are silent.
        self.swallowed = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def silence(self, *, new_ones_too: bool = False) -> None:
        """Nothing passes on the open connections any more, nor on new ones if wished."""
        for pair in self._pairs:
            pair.is_silent = True
        self._swallows_new = new_ones_too

    def end_silence(self) -> None:
        """New connections work. Those that are silent stay so."""
        self._swallows_new = False

    def delay(self, seconds: float) -> None:
        """Pass on each piece of data this much later, in both directions."""
        self._delay = seconds

    @property
    def connections(self) -> int:
        """How many were made so far."""
        return len(self._pairs)

    def close(self) -> None:
        """End all connections, and wait until the server has ended its sessions."""
        self._is_closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for pair in self._pairs:
            pair.close()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            pair = _Pair(client, socket.create_connection(self._target))
            pair.is_silent = self._swallows_new
            self._pairs.append(pair)
            pair.thread = threading.Thread(
                target=self._pass_on, args=[pair], daemon=True
            )
            pair.thread.start()

    def _pass_on(self, pair: _Pair) -> None:
        with suppress(OSError):
            while self._pass_once(pair):
                pass
        pair.end()

    def _pass_once(self, pair: _Pair) -> bool:
        ready, _, _ = select.select([pair.client, pair.server], [], [])
        for source in ready:
            data = source.recv(CHUNK)
            if not data:
                return False
            if pair.is_silent:
                self.swallowed += len(data)
            else:
                other = pair.server if source is pair.client else pair.client
                time.sleep(self._delay)
                other.sendall(data)
        return True


@contextmanager
def database_behind_proxy() -> Iterator[SilentProxy]:
    """Connect all threads to PostgreSQL through a proxy, with a new pool."""
    target = connection.settings_dict
    proxy = SilentProxy(target["HOST"], int(target["PORT"]))
    try:
        with database_at(proxy.port):
            yield proxy
    finally:
        proxy.close()
