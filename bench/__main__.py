"""`make bench`: start-up, memory, latency and throughput, beside a bare baseline.

Starts what it measures, checks that every task completed, measures three times in
turn, and prints medians and their ratios to the baseline. Absolute figures are those
of the machine and of whatever else it does; ratios are what counts.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Literal

from bench.client import Times, signed_in
from bench.processes import (
    ROOT,
    cpu_seconds,
    program,
    resident_megabytes,
    service_cpu_seconds,
    wait_until_healthy,
)

Size = Literal["baseline", "embedded", "scaled"]
Figures = dict[str, float]

CLIENTS = 32
IDLE_SECONDS = 3


def free_port() -> int:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Server:
    """What is measured: one or two processes at one address."""

    def __init__(self, url: str, pids: Sequence[int], started: float) -> None:
        self.url = url
        self.pids = pids
        self.seconds_to_healthy = started

    def cpu(self, size: Size) -> float:
        used = sum(cpu_seconds(pid) for pid in self.pids)
        return used + (service_cpu_seconds() if size == "scaled" else 0.0)


@contextmanager
def serving(size: Size, provider: str) -> Iterator[Server]:
    port = free_port()
    with TemporaryDirectory() as data, ExitStack() as stack:
        variables = {
            "AGENTARIUM_DATA": data,
            "AGENTARIUM_PORT": str(port),
            "AGENTARIUM_RATE_USER": "1000000/min",
            "AGENTARIUM_LOG_LEVEL": "WARNING",
            "OPENAI_API_KEY": "unused",
            "OPENAI_BASE_URL": f"{provider}/v1",
        }
        began_at = time.monotonic()
        pids = [
            stack.enter_context(program(*command, **variables)).pid
            for command in _commands(size, port, variables)
        ]
        url = f"http://127.0.0.1:{port}"
        yield Server(url, pids, wait_until_healthy(url) - began_at)


def _commands(
    size: Size, port: int, variables: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    if size == "baseline":
        yield ("bench.baseline", "--port", str(port))
    elif size == "embedded":
        yield ("agentarium.cli", "up", "--no-model")
    else:
        with program("agentarium.cli", "migrate", **variables) as migrate:
            assert migrate.wait(60) == 0
        yield ("agentarium.cli", "web")
        yield ("agentarium.cli", "worker")


async def measure(size: Size, server: Server, *, alone: int, many: int) -> Figures:
    async with signed_in(server.url) as client:
        for _ in range(5):
            await client.time_one()
        times = [await client.time_one() for _ in range(alone)]
        used_before = server.cpu(size)
        seconds = await client.run_many(many, clients=CLIENTS)
        used = server.cpu(size) - used_before
    figures = {
        "tasks_per_second": many / seconds,
        "cpu_ms_per_task": used / many * 1000,
    }
    for name in Times.__slots__:
        values = sorted(getattr(one, name) * 1000 for one in times)
        figures[f"{name}_ms_p50"] = statistics.median(values)
        figures[f"{name}_ms_p99"] = values[int(len(values) * 0.99)]
    return figures


def run_once(size: Size, provider: str, *, alone: int, many: int) -> Figures:
    with serving(size, provider) as server:
        time.sleep(IDLE_SECONDS)
        idle = sum(resident_megabytes(pid) for pid in server.pids)
        figures = asyncio.run(measure(size, server, alone=alone, many=many))
    return {
        "seconds_to_healthy": server.seconds_to_healthy,
        "idle_megabytes": idle,
        **figures,
    }


def run_scaled(arguments: Sequence[str]) -> Figures:
    """The same again, as a program that PostgreSQL and Redis stand beside."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "bench", "--only", "scaled", *arguments]
        subprocess.run(  # noqa: S603
            [
                sys.executable,
                str(ROOT / "scripts/services.py"),
                "--",
                *command,
                "--output",
                str(output),
            ],
            cwd=ROOT,
            check=True,
        )
        figures: Figures = json.loads(output.read_text())
        return figures


def table(rounds: dict[Size, list[Figures]]) -> str:
    """Medians of the rounds as Markdown, and their ratios to the baseline."""
    medians = {
        size: {
            name: statistics.median(one[name] for one in figures) for name in figures[0]
        }
        for size, figures in rounds.items()
    }
    lines = ["| | " + " | ".join(medians) + " |", "|---" * (len(medians) + 1) + "|"]
    for name, base in medians["baseline"].items():
        cells = [
            f"{figures[name]:.2f}"
            + (f" ({figures[name] / base:.1f} x)" if base else "")
            for figures in medians.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", type=int, default=100)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--only", choices=["scaled"])
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    with program("bench.fake_provider", "--port", str(port := free_port())):
        provider = f"http://127.0.0.1:{port}"
        work = {"alone": asked.alone, "many": asked.many}
        if asked.only:
            figures = run_once("scaled", provider, **work)
            asked.output.write_text(json.dumps(figures))
            return
        rounds: dict[Size, list[Figures]] = {
            "baseline": [],
            "embedded": [],
            "scaled": [],
        }
        for number in range(asked.rounds):
            print(f"Round {number + 1} of {asked.rounds}", file=sys.stderr)
            rounds["baseline"].append(run_once("baseline", provider, **work))
            rounds["embedded"].append(run_once("embedded", provider, **work))
            options = ["--alone", str(asked.alone), "--many", str(asked.many)]
            rounds["scaled"].append(run_scaled(options))
    print(table(rounds))


if __name__ == "__main__":
    main()
