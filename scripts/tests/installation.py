"""Agentarium in an environment of its own, as an operator installs it."""

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
    """The environment in `folder`; its commands read no settings but those given."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def install(self, wheel: Path) -> None:
        """Exactly the packages that are locked for running, and the wheel."""
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
        """One command of the environment, to its end."""
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
        """`agentarium ARGUMENTS` until the end of the block, or its own."""
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
    """Its exit code after SIGTERM."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_SECONDS)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The caller's, without its settings and without a path to the checkout."""
    ours = bare_environment().items()
    return {name: value for name, value in ours if name != "PYTHONPATH"} | settings


def uv(*arguments: object) -> None:
    program = Path(sys.executable).with_name("uv")
    command = [str(part) for part in (program, "--quiet", *arguments)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603
