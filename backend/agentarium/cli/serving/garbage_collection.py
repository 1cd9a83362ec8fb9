"""The garbage collector of a process that serves or runs tasks."""

import gc

# Most objects live as long as their task, so fewer, larger collections cost less.
THRESHOLD = 50_000


def relax_collection() -> None:
    """Call before loading modules: there is no garbage in them to collect."""
    gc.set_threshold(THRESHOLD)


def freeze_loaded_objects() -> None:
    """Call after loading: the collector then skips all objects that exist now."""
    gc.freeze()
    gc.set_threshold(THRESHOLD)
