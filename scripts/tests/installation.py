"""Agentarium in a separate environment, as an operator installs it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentarium.cli.serving.local_server import bare_environment

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements"
COMMAND_SECONDS = 120
STOP_SECONDS = 15

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Installation:
    """The environment in `folder`; its commands see only the settings they are given."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def install(self, wheel: Path) -> None:
        """Install exactly the locked runtime dependencies, and the wheel."""
        uv("venv", "--allow-existing", "--python", sys.executable, self.folder)
        locked = ("--require-hashes", "-r", LOCKS / "run.txt")
        for packages in (locked, (wheel,)):
            uv("pip", "install", "--python", self.python, "--no-deps", *packages)

    def run(
        self,
        program: str,
        *arguments: object,
        cwd: Path,
        stdin: str = "",
        **settings: str,
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command of the environment until it exits."""
        return subprocess.run(  # noqa: S603
            [self.folder / "bin" / program, *map(str, arguments)],
            cwd=cwd,
            env=environment(settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    @contextmanager
    def started(
        self, *arguments: object, cwd: Path, **settings: str
    ) -> Iterator[Process]:
        """Run `agentarium ARGUMENTS` until the end of the block, or until it exits."""
        process = subprocess.Popen(  # noqa: S603
            [self.folder / "bin/agentarium", *map(str, arguments)],
            cwd=cwd,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def end(process: Process) -> int:
    """Send SIGTERM, and return the exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_SECONDS)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The caller's environment without its settings and its path to the checkout."""
    kept = bare_environment().items()
    return {name: value for name, value in kept if name != "PYTHONPATH"} | settings


def uv(*arguments: object) -> None:
    program = Path(sys.executable).with_name("uv")
    command = [str(part) for part in (program, "--quiet", *arguments)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603
