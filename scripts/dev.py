#!/usr/bin/env python3
"""Serve the backend and the page from source, reloading each on change."""

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
    print_setup_link()
    processes = [backend(), page()]
    # A Ctrl-C at the terminal reaches both processes, too.
    with suppress(KeyboardInterrupt):
        while all(process.poll() is None for process in processes):
            time.sleep(0.2)
    for process in processes:
        process.terminate()
    return max(process.wait() for process in processes)


def print_setup_link() -> None:
    """Under plain uvicorn the server cannot know that it is local: it requires the link."""
    completed = subprocess.run(  # noqa: S603
        [BIN / "agentarium", "setup-link"],
        cwd=ROOT,
        env={**os.environ, "AGENTARIUM_URL": PAGE_URL},
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode == 0:
        print(f"Create the first account: {completed.stdout}", flush=True)


def backend() -> "subprocess.Popen[bytes]":
    reload = ("--reload", "--reload-dir", "backend/agentarium")
    # Otherwise an open stream would delay each reload.
    options = ("--timeout-graceful-shutdown", "1", "--no-access-log")
    application = "agentarium.config.asgi:application"
    command = (BIN / "uvicorn", application, *reload, *options)
    return subprocess.Popen(command, cwd=ROOT)  # noqa: S603


def page() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([FRONTEND / "node_modules/.bin/vite"], cwd=FRONTEND)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
