"""Files that hold the value of a setting."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

# Keys, tokens and price tables are far smaller.
MAX_BYTES = 1_000_000


def read_value(file: Path) -> str:
    """The text of a file, without surrounding white space.

    Raises `OSError` with the reason if it cannot be used. Reading a pipe without a writer
    would block the start forever, and reading a device would never end.
    """
    with open(file, "rb", opener=_open_nonblocking) as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file")
        content = source.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, "it is too large for a setting")
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is not text") from None


def stored_secret(file: Path) -> str:
    """The secret in `file`, created if it does not exist, readable by its owner only."""
    if not file.exists():
        _create_atomically(file, secrets.token_urlsafe(50))
    return read_value(file)


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _create_atomically(file: Path, text: str) -> None:
    """Create `file` with all its text, unless another process has just created it.

    The name of the temporary file is random: processes in different containers that
    share the folder can have the same process ID.
    """
    with NamedTemporaryFile("w", dir=file.parent, prefix=f"{file.name}.") as temporary:
        temporary.write(text)
        temporary.flush()
        with suppress(FileExistsError):
            os.link(temporary.name, file)
