"""A utility process for tests, which does as it is asked."""

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from agentarium.runtime.utility_process.server import serve


def handle(request: dict[str, Any]) -> Iterator[Any]:
    match request["do"]:
        case "echo":
            yield request["value"]
        case "pid":
            yield os.getpid()
        case "print":
            sys.stdout.write("noise" * 10_000)
            yield "done"
        case "allocate":
            yield len(bytearray(request["bytes"]))
        case "hang":
            yield from request.get("answers", ["first"])
            while True:
                time.sleep(60)
        case "environment":
            yield sorted(os.environ)
        case _:
            raise ValueError


if __name__ == "__main__":
    serve(handle, memory_bytes=300_000_000)
