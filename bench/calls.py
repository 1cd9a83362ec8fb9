"""`python -m bench.calls`: counts the Python calls of the most frequent requests.

Time depends on the machine and its load; the number of calls does not, so one run of
each version is enough to compare two versions. The site runs as WSGI in this process,
on SQLite in a temporary folder. Each figure is the median of several warm requests.
`--by-function` also prints the functions.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType, FrameType
from typing import Any, NamedTuple

WARM_UP, COUNTED = 5, 9
# More tasks than fit on a page, as usual.
TASKS, PAGE = 30, 20
SHOWN = 60

Calls = Counter[CodeType]


class Request(NamedTuple):
    name: str
    method: str
    path: str
    bearer: str
    body: bytes = b""


def count_calls(function: Callable[[], object]) -> Calls:
    """Count the Python functions that this thread calls while `function` runs."""
    calls: Calls = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            calls[frame.f_code] += 1

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def measure(site: Any, request: Request) -> Calls:
    """The calls of the median of several warm requests."""
    for _ in range(WARM_UP):
        _respond(site, _environ(request))
    found = []
    for _ in range(COUNTED):
        environ = _environ(request)
        found.append(count_calls(partial(_respond, site, environ)))
    found.sort(key=Counter.total)
    return found[COUNTED // 2]


def _environ(request: Request) -> dict[str, Any]:
    from agentarium.server.wsgi_bridge import environ

    headers = {
        "host": "localhost",
        "accept": "*/*",
        "authorization": f"Bearer {request.bearer}",
        "content-type": "application/json",
    }
    scope = {
        "method": request.method,
        "path": request.path,
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(name.encode(), each.encode()) for name, each in headers.items()],
    }
    return environ(scope, request.body)


def _respond(site: Any, environ: dict[str, Any]) -> None:
    statuses: list[str] = []
    response = site(environ, lambda status, *_: statuses.append(status))
    content = b"".join(response)
    response.close()
    if not statuses[0].startswith("2"):
        raise RuntimeError(f"{environ['PATH_INFO']}: {statuses[0]} {content.decode()}")


def requests() -> Iterator[Request]:
    """Yield the requests, each once its data is in the database."""
    from agentarium.accounts.models import ApiToken, User
    from agentarium.accounts.services import create_api_token
    from agentarium.agents.services import create_agent
    from agentarium.tasks.services import cancel_task, submit_task
    from agentarium.worker.leases import register_worker
    from rest_framework_simplejwt.tokens import RefreshToken

    user = User.objects.create(username="alice", email="alice@example.com")
    scopes = ApiToken.Scope.values
    _, secret = create_api_token(owner=user, name="bench", scopes=scopes)
    jwt = str(RefreshToken.for_user(user).access_token)
    agent = create_agent(owner=user, name="Assistant", model="openai:fake")
    tasks = [
        submit_task(agent=agent, input_text=f"Question {number}", owner=user)
        for number in range(TASKS)
    ]
    ended = cancel_task(tasks[0], by=user)
    body = f'{{"agent": {agent.pk}, "input_text": "What is two and two?"}}'.encode()
    yield Request(f"list of {PAGE} tasks", "GET", "/api/tasks/", secret)
    yield Request("task detail, ended", "GET", f"/api/tasks/{ended.pk}/", secret)
    pending = f"/api/tasks/{tasks[1].pk}/"
    yield Request("task detail, pending without a worker", "GET", pending, secret)
    # With a worker the task has a position in the queue.
    register_worker(capacity=1)
    yield Request("task detail, queued", "GET", pending, secret)
    yield Request("submit", "POST", "/api/tasks/run/", secret, body)
    yield Request("/me with JWT", "GET", "/api/auth/me/", jwt)


def _report(name: str, calls: Calls, *, by_function: bool) -> None:
    print(f"{calls.total():6,}  {name}")
    for code, count in calls.most_common(SHOWN if by_function else 0):
        module = code.co_filename.rpartition("site-packages/")[2]
        print(f"    {count:6,}  {code.co_qualname}  {module}:{code.co_firstlineno}")


def _open_site() -> Any:
    """The site on an empty database. Models can be imported only after this."""
    from agentarium.config.wsgi import application
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "9999999/s")
    return application


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--by-function", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("DATABASE_URL", None)
        os.environ |= {"AGENTARIUM_DATA": folder, "AGENTARIUM_LOG_LEVEL": "WARNING"}
        site = _open_site()
        for request in requests():
            calls = measure(site, request)
            _report(request.name, calls, by_function=arguments.by_function)


if __name__ == "__main__":
    main()
