"""`python -m bench.fake_tools --port N` serves until it is stopped."""

import argparse
import asyncio
import signal

from bench.fake_tools.server import FakeTools


async def serve(port: int) -> None:
    """Print the URL once it listens; stop on SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with FakeTools(port) as tools:
        print(tools.url, flush=True)
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
