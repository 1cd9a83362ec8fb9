"""`python -m agentarium.cli.tests.stuck_program WHAT COMMAND...`: a thread gets stuck.

It runs a command of `agentarium` in which one kind of call never returns, and whose
shutdown may take only two seconds beyond the grace period.
"""

import sys
import threading
from typing import Any

from agentarium.cli import project
from agentarium.cli.main import main

STUCK_PATH = "/stuck/"
STUCK = "A thread is stuck."
MARGIN_SECONDS = 2


def never_return(*_: object, **__: object) -> Any:
    sys.stdout.write(f"{STUCK}\n")
    sys.stdout.flush()
    threading.Event().wait()


def stick_requests() -> None:
    from django.core.handlers.wsgi import WSGIHandler

    answer = WSGIHandler.__call__

    def answer_or_stick(handler: Any, environ: Any, start: Any) -> Any:
        if environ["PATH_INFO"] == STUCK_PATH:
            never_return()
        return answer(handler, environ, start)

    setattr(WSGIHandler, "__call__", answer_or_stick)  # noqa: B010


def stick_claims() -> None:
    from agentarium.worker.queue import claims

    claims.claim = never_return


def set_up_django_and_stick(what: str) -> None:
    set_up_django()
    from agentarium.cli.serving import server
    from agentarium.worker import process

    process.STOP_MARGIN_SECONDS = MARGIN_SECONDS
    server.STOP_MARGIN_SECONDS = MARGIN_SECONDS
    {"requests": stick_requests, "claims": stick_claims}[what]()


if __name__ == "__main__":
    set_up_django, stuck = project.set_up_django, sys.argv.pop(1)
    project.set_up_django = lambda: set_up_django_and_stick(stuck)
    main()
