"""The wheel, installed alone in an empty environment, is the whole program."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements"
START_SECONDS = 180
STOP_SECONDS = 15

pytestmark = pytest.mark.packaging


def uv(*arguments: object) -> None:
    program = Path(sys.executable).with_name("uv")
    command = [str(part) for part in (program, "--quiet", *arguments)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build_lock = ("--build-constraints", LOCKS / "build.txt", "--require-hashes")
    uv("build", "--wheel", "--out-dir", folder, *build_lock)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `agentarium` command of an environment that holds the wheel alone."""
    environment = tmp_path_factory.mktemp("environment")
    python = environment / "bin/python"
    uv("venv", "--allow-existing", "--python", sys.executable, environment)
    uv("pip", "install", "--python", python, wheel, "-c", LOCKS / "run.txt")
    return environment / "bin/agentarium"


@contextmanager
def started(
    program: Path, folder: Path, port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """`agentarium up` in an empty folder, with nothing but its port set."""
    process = subprocess.Popen(  # noqa: S603
        [program, "up"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "AGENTARIUM_PORT": str(port),
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
        return response.status, response.read().decode()


def is_ready(url: str) -> bool:
    try:
        return get(url)[0] == 200
    except OSError:
        return False


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(url):
        assert process.poll() is None, "the server ended while it was starting"
        assert time.monotonic() < deadline, "the server did not become ready"
        time.sleep(0.1)


def test_holds_the_page_and_the_migrations_but_no_tests(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    assert "agentarium/page/index.html" in names
    assert "agentarium/tasks/migrations/0001_initial.py" in names
    assert [name for name in names if "/tests/" in name or "conftest" in name] == []


def test_serves_page_and_api_and_ends_soon_after_sigterm(
    program: Path, tmp_path: Path
) -> None:
    port = free_port()
    with started(program, tmp_path, port) as process:
        wait_until_ready(process, f"http://127.0.0.1:{port}/readyz")

        page = get(f"http://127.0.0.1:{port}/")
        schema = get(f"http://127.0.0.1:{port}/api/schema/")
        process.send_signal(signal.SIGTERM)
        code = process.wait(STOP_SECONDS)

    assert page[0] == 200
    assert '<div id="root">' in page[1]
    assert schema[0] == 200
    assert "/api/tasks/run/" in schema[1]
    assert code == 0
