"""Files that hold the value of a setting."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

# A key, a token or a table of prices is far shorter.
MAX_BYTES = 1_000_000


def read_value(file: Path) -> str:
    """The text of a file, without the space around it.

    Raises `OSError` with the reason why it cannot be used. A pipe without a writer
    would hold up the start for ever, and a device would never end.
    """
    with open(file, "rb", opener=_open_without_waiting) as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file")
        content = source.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, "it is longer than a setting can be")
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is not text") from None


def kept_secret(file: Path) -> str:
    """The secret in `file`, made at the first call and readable by its owner only."""
    if not file.exists():
        _create_whole(file, secrets.token_urlsafe(50))
    return read_value(file)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _create_whole(file: Path, text: str) -> None:
    """Create `file` with all of its text at once, unless another process just did.

    The draft has a name of its own: in containers, processes that share the folder
    have the same number.
    """
    with NamedTemporaryFile("w", dir=file.parent, prefix=f"{file.name}.") as draft:
        draft.write(text)
        draft.flush()
        with suppress(FileExistsError):
            os.link(draft.name, file)
