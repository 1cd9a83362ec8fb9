"""Programs under measurement: started, asked what they used, and ended."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
START_SECONDS = 60
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def program(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A Python module as a process; its output goes to a file, shown if it fails."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
        **variables,
    }
    with TemporaryDirectory() as folder:
        output = Path(folder) / "log"
        with output.open("w") as stream:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                text=True,
            )
        try:
            yield process
        except BaseException:
            print(output.read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_healthy(url: str) -> float:
    """The time of the first healthy answer, by `time.monotonic`."""
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return time.monotonic()
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise TimeoutError(url)


def cpu_seconds(pid: int) -> float:
    """What a process and the children that it waited for have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[number]) for number in (11, 12, 13, 14)) / TICKS


def service_cpu_seconds() -> float:
    """What the database servers and brokers on this machine have used."""
    total = 0.0
    for name in Path("/proc").glob("[0-9]*/comm"):
        try:
            if name.read_text().strip() in {"postgres", "redis-server"}:
                total += cpu_seconds(int(name.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def resident_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * PAGE / 1e6
