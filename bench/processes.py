"""Starts and stops programs, and measures their CPU time and memory."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from tempfile import TemporaryFile

from agentarium.cli.serving.local_server import bare_environment

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 90
STOP_SECONDS = 40
ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def program(
    arguments: Sequence[str], settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module as a process; its output is printed if the block fails."""
    with TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        except BaseException:
            output.seek(0)
            tail = output.read().decode(errors="replace")[-3000:]
            print(f"--- Output of {' '.join(arguments)}:\n{tail}", file=sys.stderr)
            raise
        finally:
            end(process)


def run(
    arguments: Sequence[str],
    settings: Mapping[str, str],
    *,
    seconds: float = START_SECONDS,
) -> None:
    """Run a module until it exits. Raises `RuntimeError` if it fails."""
    with program(arguments, settings) as process:
        code = process.wait(seconds)
        if code:
            raise RuntimeError(f"{' '.join(arguments)} exited with {code}")


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    environment = bare_environment()
    paths = os.pathsep.join([environment["PYTHONPATH"], str(ROOT)])
    return {**environment, "PYTHONPATH": paths, **settings}


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_healthy(url: str, path: str = "/readyz") -> float:
    """Return the `time.monotonic()` of the first healthy response."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _is_healthy(f"{url}{path}"):
            return time.monotonic()
        time.sleep(0.01)
    raise TimeoutError(url)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


# --- CPU time and memory ----------------------------------------------------------


def tree(root: int) -> list[int]:
    """The pids of a process and its living descendants."""
    children = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            children[int(_fields(entry)[1])].append(int(entry.parent.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def cpu_seconds(root: int) -> float:
    """CPU time of a process and its descendants.

    The kernel adds the time of ended children to their parent, so nothing is lost or
    counted twice.
    """
    total = 0
    for pid in tree(root):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = _fields(Path(f"/proc/{pid}/stat"))
            total += sum(int(fields[number]) for number in (11, 12, 13, 14))
    return total / TICKS


def _fields(stat: Path) -> list[str]:
    """The fields of /proc/PID/stat after the program's name: state, parent ..."""
    return stat.read_text().rsplit(")", 1)[1].split()


def resident_bytes(root: int) -> int:
    """Resident memory of a process and its descendants."""
    return sum(_status(pid, "VmRSS") for pid in tree(root))


def peak_bytes(root: int) -> int:
    """Peak resident memory since `reset_peak`, summed over the processes."""
    return sum(_status(pid, "VmHWM") for pid in tree(root))


def reset_peak(root: int) -> None:
    for pid in tree(root):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
