"""A server as a separate process, on a free port, isolated from the caller."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import agentarium
from agentarium.runtime.providers.catalogue import PROVIDERS

STOP_SECONDS = 30
POLL_SECONDS = 0.05
LOG_LINES = 30
# Prefixes of the caller's variables that would configure the server.
SERVER_VARIABLES = (
    "AGENTARIUM_",
    "DATABASE_URL",
    *(
        variable
        for spec in PROVIDERS.values()
        for variable in (
            spec.key_variable,
            spec.other_key_variable,
            spec.url_variable,
            spec.other_url_variable,
        )
        if variable
    ),
)


class ServerError(Exception):
    """The server did not start, or did not stop in time."""


class LocalServer:
    """`with LocalServer(folder) as server:` starts a server at `server.url`.

    It does not see the caller's database, services and settings, only `settings`.
    Its data and its log are in `folder`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str],
        command: Sequence[str] = ("up",),
        start_seconds: float = 60,
    ) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._settings = settings
        self._command = command
        self._start_seconds = start_seconds
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])

    def start(self) -> None:
        """Start it, and wait until it is healthy. Raises `ServerError`."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "agentarium.cli", *self._command],
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A Ctrl-C at the terminal goes to the caller, which stops the server.
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Stop it and return its exit code. Raises `ServerError` if it does not stop."""
        assert self._process
        self._process.send_signal(signal_number)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise ServerError("The server did not stop in time.") from None

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self._process:
            self._process.kill()
            self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """Variables of its process, and of any other that shares its data."""
        return {
            **bare_environment(),
            "AGENTARIUM_DATA": str(self._folder / "data"),
            "AGENTARIUM_PORT": str(self.port),
            **self._settings,
        }

    def _wait_until_healthy(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + self._start_seconds
        while not self._is_healthy():
            if process.poll() is not None:
                code = process.returncode
                raise ServerError(f"The server stopped with exit code {code}.")
            if time.monotonic() > deadline:
                raise ServerError("The server did not start in time.")
            time.sleep(POLL_SECONDS)

    def _is_healthy(self) -> bool:
        with suppress(OSError):
            url = f"{self.url}/healthz"
            with _opener.open(url, timeout=self._start_seconds) as response:
                return bool(response.status == 200)
        return False


def bare_environment() -> dict[str, str]:
    """The caller's environment, without settings of Agentarium and its providers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(SERVER_VARIABLES)
    }
    package_root = str(Path(agentarium.__file__).parents[1])
    paths = [package_root, *kept.get("PYTHONPATH", "").split(os.pathsep)]
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
