"""The parent's end of a utility process."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import agentarium
from agentarium.runtime.utility_process.frames import read_frame

START_SECONDS = 30.0
_CHUNK_BYTES = 65_536
_STOP_SECONDS = 5.0
# The process must not inherit the keys in our environment.
_INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")


class UtilityProcess:
    """A running process of one module, which calls `serve`. One thread owns it.

    Raises `EOFError` if the process ends instead of answering.
    """

    def __init__(self, module: str) -> None:
        self.requests = 0
        # Of processor time, for the last request.
        self.used_seconds = 0.0
        environment = {
            name: os.environ[name] for name in _INHERITED if name in os.environ
        }
        package = Path(agentarium.__file__).parent.parent
        # Ctrl-C in a terminal must reach only us.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", module],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | {"PYTHONPATH": str(package)},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)
        self._received = bytearray()
        try:
            self._next_message(time.monotonic() + START_SECONDS)
        except (TimeoutError, EOFError) as error:
            self.close()
            # No request has taken too long.
            raise EOFError from error

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, frame: bytes, seconds: float) -> Iterator[Any]:
        """Yield the answers to a request. Raises `TimeoutError`: then close the process."""
        self.requests += 1
        # Counted as used, if it does not answer.
        self.used_seconds = seconds
        deadline = time.monotonic() + seconds
        self._send(frame, deadline)
        while isinstance(message := self._next_message(deadline), list):
            yield message[0]
        self.used_seconds = min(seconds, message["cpu_seconds"])

    def kill(self) -> None:
        """End the process, whatever it is doing. Any thread may do it."""
        self._process.kill()

    def close(self) -> None:
        """Kill the process, wait until it has ended, and close the pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)

    def _send(self, frame: bytes, deadline: float) -> None:
        unsent = memoryview(frame)
        while unsent:
            self._wait(self._input, select.POLLOUT, deadline)
            try:
                unsent = unsent[os.write(self._input, unsent[:_CHUNK_BYTES]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise EOFError from error

    def _next_message(self, deadline: float) -> Any:
        return read_frame(lambda size: self._read(size, deadline))

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._received) < size:
            self._wait(self._output, select.POLLIN, deadline)
            chunk = os.read(self._output, _CHUNK_BYTES)
            if not chunk:
                raise EOFError
            self._received += chunk
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    @staticmethod
    def _wait(pipe: int, event: int, deadline: float) -> None:
        # Not `select`, which cannot wait for file descriptors above 1,023.
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
