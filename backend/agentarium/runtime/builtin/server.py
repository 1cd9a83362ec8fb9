"""The program that runs the built-in model: `python -m agentarium.runtime.builtin.server`.

It reads its parameters as one line of JSON on stdin, replies with one line of JSON on
stdout (`{"url": ...}` or `{"error": ...}`), and exits when stdin ends: its parent has
closed it, or is dead.
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
    parameters: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    _exit_with(parameters["parent"])
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    with _reply_stream() as reply:
        try:
            server = _start(parameters)
        except RuntimeError as error:
            json.dump({"error": str(error)}, reply)
            raise SystemExit(1) from error
        json.dump({"url": server.listening_address}, reply)
    threading.Event().wait()


def _exit_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies.

    The end of stdin shows the same on all systems, but not while the model is loading,
    and not if another child of the parent has inherited the pipe.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        _exit()


def _exit_at_end_of_input() -> None:
    sys.stdin.buffer.read()
    _exit()


def _exit() -> NoReturn:
    # Not sys.exit(), which does not stop the model's native threads.
    os._exit(0)


def _reply_stream() -> Any:
    """A stream to stdout for the reply; what the library prints goes to stderr."""
    reply = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return reply


def _start(parameters: dict[str, Any]) -> Any:
    """Load the model and start the server. Returns when it is listening."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = parameters["weights"]
    params.model_alias = {parameters["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # Other users of the machine can reach the port as well.
    params.api_keys = [parameters["api_key"]]
    params.ui = params.endpoint_slots = False
    params.n_ctx = parameters["context"]
    params.n_parallel = parameters["slots"]
    # One response may use the whole context while the others need little.
    params.kv_unified = True
    params.verbosity = -1
    threads = parameters["threads"] or _thread_count()
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(params)


def _thread_count() -> int:
    """The number of cores minus one, at most 4: a small model cannot use more.

    The threads wait for each other in busy loops. With one thread more than there are
    idle cores, the model is over ten times slower than with a single thread.
    """
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores - 1, 4))


if __name__ == "__main__":
    main()
