"""The garbage collector of a process that serves or runs tasks."""

import gc

# Most objects live as long as their task: fewer, larger collections cost less.
THRESHOLD = 50_000


def expect_loading() -> None:
    """Called before much is loaded: looking for garbage in it only takes time."""
    gc.set_threshold(THRESHOLD)


def expect_many_objects() -> None:
    """Called once all is loaded: that stays, and is never looked at again."""
    gc.freeze()
    gc.set_threshold(THRESHOLD)
