"""T7: cold start on an empty data folder, memory at rest, and what is installed."""

import re
import time
from importlib.metadata import distribution
from pathlib import Path

from bench.lab import Lab
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.processes import ROOT
from bench.systems import serving

REST_SECONDS = 5
_PINNED = re.compile(r"^([A-Za-z0-9_.\[\]-]+)==", re.MULTILINE)


def run(lab: Lab, system: str, _: Effort) -> Figures:
    # Asked for first: a database that is made now is no part of the start.
    if system == "scaled":
        lab.new_database()
    with serving(lab, system) as running:
        time.sleep(REST_SECONDS)
        at_rest = running.resident_bytes()
    figures = {
        "seconds_to_healthy": running.seconds_to_healthy,
        "cpu_seconds_to_healthy": running.cpu_to_healthy,
        "megabytes_at_rest": at_rest / 2**20,
    }
    return figures | (_installed() if system == "embedded" else {})


def _installed() -> Figures:
    """The packages that running Agentarium needs, as locked; compiled files included."""
    locked = (ROOT / "requirements/run.txt").read_text()
    names = {name.partition("[")[0] for name in _PINNED.findall(locked)}
    files = [file for name in names for file in distribution(name).files or ()]
    paths = [Path(str(file.locate())) for file in files]
    size = sum(path.stat().st_size for path in paths if path.exists())
    return {"packages": len(names), "installed_megabytes": size / 2**20}


START = Measurement(
    name="T7",
    title="Cold start, memory at rest, and what is installed",
    systems=("asyncio", "celery", "embedded", "scaled"),
    run=run,
    compared=("seconds_to_healthy", "megabytes_at_rest"),
    aims=(
        Aim("embedded", "seconds_to_healthy", at_most=3),
        Aim("embedded", "megabytes_at_rest", at_most=200),
    ),
)
