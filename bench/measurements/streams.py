"""T2: a thousand tasks at once, each answer streamed in 50 pieces over 2 s."""

from typing import Any

from bench.client import check_outputs, run_all, sign_up
from bench.lab import Lab
from bench.load import load
from bench.measurement import Aim, Effort, Figures, Measurement, cpu_figures
from bench.systems import OURS, serving

TASKS = 1000
CLIENTS = 32
WARM_UP = 50
PIECES = 50
SECONDS = 2.0
PIECE = "tokens of number {}, "


def _script(number: int) -> dict[str, Any]:
    text = PIECE.format(number) * PIECES
    return {"text": text, "pieces": PIECES, "delay": SECONDS / (PIECES - 1)}


def run(lab: Lab, system: str, effort: Effort) -> Figures:
    number = effort.count(TASKS)
    scripts = [_script(each) for each in range(WARM_UP + number)]
    with serving(lab, system) as running, load() as drive:
        account = drive(sign_up, running.url)
        drive(run_all, account, scripts[:WARM_UP], clients=CLIENTS)
        running.forget_peak()
        memory = running.resident_bytes()
        with running.measured() as used:
            seconds, answers = drive(
                run_all, account, scripts[WARM_UP:], clients=CLIENTS
            )
        peak = running.peak_bytes()
        stats = lab.provider_stats()
        assert stats["completed"] == number + WARM_UP, stats
        if system in OURS:
            drive(check_outputs, account, answers)
    return {
        "seconds": seconds,
        **cpu_figures(used, number),
        "kilobytes_per_task": (peak - memory) / number / 1024,
        "at_once": stats["peak_open"],
        "load_cpu": drive.most_cpu,
    }


STREAMS = Measurement(
    name="T2",
    title="A thousand tasks at once, each streamed in 50 pieces over 2 s",
    systems=("asyncio", "celery", "embedded", "scaled"),
    run=run,
    compared=("seconds", "cpu_ms_per_task", "kilobytes_per_task"),
    plotted=("seconds", "cpu_ms_per_task"),
    aims=(
        Aim("embedded", "seconds", at_most=2, times="asyncio"),
        Aim("scaled", "seconds", at_most=2, times="asyncio"),
        Aim("embedded", "cpu_ms_per_task", at_most=6),
        Aim("scaled", "cpu_ms_per_task", at_most=6),
        Aim("embedded", "kilobytes_per_task", at_most=400),
        Aim("scaled", "kilobytes_per_task", at_most=400),
    ),
)
