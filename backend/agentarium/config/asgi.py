"""The web process: the site, its streams and, embedded, the runner."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module

from django.conf import settings

from agentarium.config.wsgi import application as wsgi_application
from agentarium.http.body_limits import body_limit_of_path
from agentarium.server.asgi import Site
from agentarium.server.health import Probes
from agentarium.server.request_body import Bodies
from agentarium.server.waiting_threads import WaitingThreads
from agentarium.tools.live_calls import running
from agentarium.worker.process import pubsub_lifespan, runner_lifespan, runner_problem


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """What runs as long as the web process: pub/sub and, embedded, the runner."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(probes.measuring_clock())
        await stack.enter_async_context(pubsub_lifespan())
        if settings.EMBEDDED:
            await stack.enter_async_context(runner_lifespan())
        yield


if settings.BROKER_URL:
    # Wake-ups are sent through the Celery application, so it must be loaded.
    import_module("agentarium.config.celery")

probes = Probes(runner_problem)
application = Site(
    wsgi_application,
    lifespan=lifespan,
    threads=settings.WEB_THREADS,
    waiting=WaitingThreads(
        settings.WAITING_THREADS,
        requests=settings.WAITING_REQUESTS,
        stop=running.stop,
    ),
    bodies=Bodies(folder=settings.DATA / "tmp", limit_of=body_limit_of_path),
    probes=probes,
)
