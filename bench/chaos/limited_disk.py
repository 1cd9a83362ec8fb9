"""A small disk for a data folder, which can be filled."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEGABYTES = 64
CHUNK = b"\0" * 4096


class LimitedDisk:
    """A file system in memory, on a folder."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while ballast.write(CHUNK):
                pass

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def limited_disk(folder: Path) -> Iterator[LimitedDisk | None]:
    """Mount a disk on a new folder; None where that is not permitted, as without root.

    At the end, the folder keeps what is on the disk.
    """
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs")
    if not _succeeds("mount", *options, str(folder)):
        yield None
        return
    try:
        yield LimitedDisk(folder)
    finally:
        copy = folder.with_name(f"{folder.name}-copy")
        shutil.copytree(folder, copy)
        _succeeds("umount", "--lazy", str(folder))
        folder.rmdir()
        copy.rename(folder)


def _succeeds(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0
