"""The program that runs the built-in model: `python -m agentarium.runtime.builtin.server`.

Reads one line of JSON from its input, answers with one line of JSON on its output
(`{"url": ...}`, or `{"error": ...}`), and lives until its input ends, that is, until
whoever started it closes it or dies in whatever way.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1


def main() -> None:
    order: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    _die_with(order["parent"])
    threading.Thread(target=_end_with_input, daemon=True).start()
    with _only_answers() as answers:
        try:
            server = _start(order)
        except RuntimeError as error:
            json.dump({"error": str(error)}, answers)
            raise SystemExit(1) from error
        json.dump({"url": server.listening_address}, answers)
    threading.Event().wait()


def _die_with(parent: int) -> None:
    """Have Linux kill this process with its parent.

    The end of the input says the same everywhere, but not while the model is being
    loaded, nor where another child of the parent has inherited the pipe.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        _end()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    _end()


def _end() -> NoReturn:
    # Not sys.exit(): the model's own threads know nothing of Python's.
    os._exit(0)


def _only_answers() -> Any:
    """The output for our answer; what the library prints joins the errors."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _start(order: dict[str, Any]) -> Any:
    """The running server: it listens, and the model is loaded."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order["weights"]
    params.model_alias = {order["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # Other users of the machine can reach the port too.
    params.api_keys = [order["api_key"]]
    params.ui = params.endpoint_slots = False
    params.n_ctx = order["context"]
    params.n_parallel = order["slots"]
    # One answer may use all of the context while the others need little.
    params.kv_unified = True
    params.verbosity = -1
    threads = order["threads"] or _spare_cores()
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(params)


def _spare_cores() -> int:
    """All cores but one, and no more than so small a model has use for.

    Its threads wait for each other in a busy loop. One thread more than there are
    idle cores makes it more than ten times slower than one thread alone.
    """
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores - 1, 4))


if __name__ == "__main__":
    main()
