"""A pytest plugin that isolates concurrent test processes in one Redis.

It is loaded before the settings. Each process of pytest-xdist gets its own prefix,
because channels reach every database, and its own database for the cache, because tests
empty it. pytest-django isolates the processes in PostgreSQL.
"""

import os
from urllib.parse import urlsplit

PREFIX = "AGENTARIUM_REDIS_PREFIX"
URL = "AGENTARIUM_REDIS_URL"


def for_process(number: int, url: str) -> dict[str, str]:
    """The environment of one process. `url` is the Redis of all of them, or empty."""
    prefix = {PREFIX: f"agentarium-{number}"}
    if not url:
        return prefix
    parts = urlsplit(url)
    database = int(parts.path.strip("/") or 0) + 1 + number
    return prefix | {URL: parts._replace(path=f"/{database}").geturl()}


# pytest-xdist calls its processes gw0, gw1 and so on.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ |= for_process(int(worker.removeprefix("gw")), os.environ.get(URL, ""))
