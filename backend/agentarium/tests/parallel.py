"""Keeps tests that run side by side apart in one Redis: a plugin of pytest.

It is loaded before the settings are. Each process of pytest-xdist has names of its own
there, since channels reach every database, and a database of its own for the cache,
since tests empty it. PostgreSQL's are kept apart by pytest-django.
"""

import os
from urllib.parse import urlsplit

PREFIX = "AGENTARIUM_REDIS_PREFIX"
URL = "AGENTARIUM_REDIS_URL"


def for_process(number: int, url: str) -> dict[str, str]:
    """The variables of one process; `url` is the Redis of all, or empty."""
    names = {PREFIX: f"agentarium-{number}"}
    if not url:
        return names
    parts = urlsplit(url)
    database = int(parts.path.strip("/") or 0) + 1 + number
    return names | {URL: parts._replace(path=f"/{database}").geturl()}


# pytest-xdist calls its processes gw0, gw1 and so on.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ |= for_process(int(worker.removeprefix("gw")), os.environ.get(URL, ""))
