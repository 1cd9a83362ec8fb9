"""The threads of requests that wait for other servers."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings

from agentarium.db.answer_limit import limit_answers

# Matches no request.
_NONE = re.compile(r"(?!)")


class WaitingThreads:
    """Threads for the requests that wait for other servers, which `requests` matches.

    It is matched against "method path". However slow those servers are, they occupy no
    thread of another request. `stop` ends what those requests wait for, on shutdown.
    """

    def __init__(
        self,
        size: int = 1,
        *,
        requests: re.Pattern[str] = _NONE,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.stop = stop
        self.pool = ThreadPoolExecutor(
            size,
            thread_name_prefix="agentarium-waiting",
            initializer=limit_answers,
            initargs=(settings.DATABASE_ANSWER_SECONDS,),
        )
        self._requests = requests

    def serve(self, request: dict[str, Any]) -> bool:
        """Whether a request, given as its WSGI environment, is one of them."""
        name = f"{request['REQUEST_METHOD']} {request['PATH_INFO']}"
        return self._requests.fullmatch(name) is not None
