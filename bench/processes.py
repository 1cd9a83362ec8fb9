"""Programs under measurement: started, asked what they used, and ended."""

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
    """A Python module as a process; what it says is shown if something fails."""
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
            said = output.read().decode(errors="replace")[-3000:]
            print(f"--- {' '.join(arguments)} said:\n{said}", file=sys.stderr)
            raise
        finally:
            end(process)


def run(
    arguments: Sequence[str],
    settings: Mapping[str, str],
    *,
    seconds: float = START_SECONDS,
) -> None:
    """A module that does its work and ends."""
    with program(arguments, settings) as process:
        code = process.wait(seconds)
        if code:
            raise RuntimeError(f"{' '.join(arguments)} ended with {code}")


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
    """The time of the first healthy answer, by `time.monotonic`."""
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        if _is_healthy(f"{url}{path}"):
            return time.monotonic()
        time.sleep(0.01)
    raise TimeoutError(url)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


# --- What they used ---------------------------------------------------------------


def tree(root: int) -> list[int]:
    """A process and all that descend from it and live."""
    children = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            children[int(_fields(entry)[1])].append(int(entry.parent.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def cpu_seconds(root: int) -> float:
    """What a process and its descendants have used.

    Each counts what those of its children used that have ended: so nothing is lost
    with a process, and nothing is counted twice.
    """
    total = 0
    for pid in tree(root):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = _fields(Path(f"/proc/{pid}/stat"))
            total += sum(int(fields[number]) for number in (11, 12, 13, 14))
    return total / TICKS


def _fields(stat: Path) -> list[str]:
    """Of /proc/PID/stat, those after the program's name: state, parent ..."""
    return stat.read_text().rsplit(")", 1)[1].split()


def resident_bytes(root: int) -> int:
    """RSS of a process and its descendants."""
    return sum(_status(pid, "VmRSS") for pid in tree(root))


def peak_bytes(root: int) -> int:
    """The most that they have had since `forget_peak`."""
    return sum(_status(pid, "VmHWM") for pid in tree(root))


def forget_peak(root: int) -> None:
    for pid in tree(root):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
