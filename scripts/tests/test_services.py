"""`scripts/services.py` runs a command with both services."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

SERVICES = Path(__file__).resolve().parents[1] / "services.py"
USE_BOTH = """
import os, psycopg, redis
psycopg.connect(os.environ["DATABASE_URL"]).execute("CREATE TABLE probe ()")
redis.Redis.from_url(os.environ["AGENTARIUM_BROKER_URL"]).set("probe", 1)
print(os.environ["DATABASE_URL"], os.environ["AGENTARIUM_REDIS_URL"], flush=True)
"""


def is_listening(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


def start(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, SERVICES, "--", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_offers_both_services_and_passes_the_exit_code_on() -> None:
    process = start(f"{USE_BOTH}raise SystemExit(7)")

    output, _ = process.communicate(timeout=120)

    assert process.returncode == 7
    assert [is_listening(url) for url in output.split()] == [False, False]


def test_stops_both_services_and_the_command_when_it_is_stopped() -> None:
    with start(f"{USE_BOTH}import signal; signal.pause()") as process:
        assert process.stdout is not None
        urls = process.stdout.readline().split()
        were_listening = [is_listening(url) for url in urls]

        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)

    assert code == 128 + signal.SIGTERM
    assert were_listening == [True, True]
    assert [is_listening(url) for url in urls] == [False, False]
