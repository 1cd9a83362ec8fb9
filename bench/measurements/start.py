"""T7: cold start on an empty data folder, idle memory, and size of the installation."""

import re
import time
from importlib.metadata import distributions
from pathlib import Path

from bench.lab import Lab
from bench.measurement import Aim, Effort, Figures, Measurement
from bench.processes import ROOT
from bench.systems import serving

REST_SECONDS = 5
_PINNED = re.compile(r"^([A-Za-z0-9_.\[\]-]+)==", re.MULTILINE)


def run(lab: Lab, system: str, _: Effort) -> Figures:
    # Creates the migrated template first, so that it does not count as start-up time.
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
    """Count and size of the locked packages that are installed on this platform."""
    locked = (ROOT / "requirements/run.txt").read_text()
    names = {name.partition("[")[0].lower() for name in _PINNED.findall(locked)}
    found = [each for each in distributions() if _normal(each.name) in names]
    files = [Path(str(file.locate())) for each in found for file in each.files or ()]
    size = sum(file.stat().st_size for file in files if file.exists())
    return {"packages": len(found), "installed_megabytes": size / 2**20}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
