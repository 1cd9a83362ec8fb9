"""A bare Django view behind our ASGI server, without middleware and database.

It shows what Django itself takes for any response.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import gettempdir

import django
import uvicorn
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

THREADS = 8


def empty(_: HttpRequest) -> JsonResponse:
    return JsonResponse({})


urlpatterns = [path("readyz", empty), path("api/auth/me/", empty)]


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    yield


def main() -> None:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"],
        TRUSTED_PROXIES=0,
        DATABASE_ANSWER_SECONDS=0,
    )
    django.setup()
    from agentarium.server.asgi import Site
    from agentarium.server.request_body import Bodies
    from django.core.wsgi import get_wsgi_application

    site = get_wsgi_application()
    bodies = Bodies(folder=Path(gettempdir()), limit_of=lambda _: 0)
    uvicorn.run(
        Site(site, lifespan=lifespan, threads=THREADS, bodies=bodies),
        host="127.0.0.1",
        port=int(os.environ["AGENTARIUM_PORT"]),
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    main()
