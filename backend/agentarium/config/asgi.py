"""The web process: the site, its streams and, embedded, the runner."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module

from django.conf import settings

from agentarium.config.wsgi import application as wsgi_application
from agentarium.server.asgi import Site
from agentarium.worker.process import carrying, executing


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Everything that lives as long as the web process."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(carrying())
        if settings.EMBEDDED:
            await stack.enter_async_context(executing())
        yield


if settings.BROKER_URL:
    # Wakes are sent through the Celery application: it has to be there.
    import_module("agentarium.config.celery")

application = Site(
    wsgi_application,
    lifespan=lifespan,
    threads=settings.WEB_THREADS,
    max_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
)
