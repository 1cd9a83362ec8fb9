#!/usr/bin/env python3
"""Serve the backend and the page from their sources, each reloading on change."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from agentarium.cli.project import read_environment_file

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
FRONTEND = ROOT / "frontend"
PAGE_URL = "http://localhost:5173"


def main() -> int:
    read_environment_file()
    subprocess.run([BIN / "agentarium", "migrate"], cwd=ROOT, check=True)  # noqa: S603
    say_how_to_begin()
    processes = [backend(), page()]
    # A Ctrl-C reaches both of them by itself.
    with suppress(KeyboardInterrupt):
        while all(process.poll() is None for process in processes):
            time.sleep(0.2)
    for process in processes:
        process.terminate()
    return max(process.wait() for process in processes)


def say_how_to_begin() -> None:
    """The server does not know where this uvicorn listens: it wants the set-up link."""
    found = subprocess.run(  # noqa: S603
        [BIN / "agentarium", "setup-link"],
        cwd=ROOT,
        env={**os.environ, "AGENTARIUM_URL": PAGE_URL},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        print(f"Create the first account: {found.stdout}", flush=True)


def backend() -> "subprocess.Popen[bytes]":
    reload = ("--reload", "--reload-dir", "backend/agentarium")
    # An open stream would hold up each reload.
    quick = ("--timeout-graceful-shutdown", "1", "--no-access-log")
    application = "agentarium.config.asgi:application"
    command = (BIN / "uvicorn", application, *reload, *quick)
    return subprocess.Popen(command, cwd=ROOT)  # noqa: S603


def page() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([FRONTEND / "node_modules/.bin/vite"], cwd=FRONTEND)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
