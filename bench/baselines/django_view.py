"""A bare Django view: no middleware, no database, behind the server that we use.

What it takes is what Django itself takes to answer anything at all.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import django
import uvicorn
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

THREADS = 8


def nothing(_: HttpRequest) -> JsonResponse:
    return JsonResponse({})


urlpatterns = [path("readyz", nothing), path("api/auth/me/", nothing)]


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    yield


def main() -> None:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])
    django.setup()
    from agentarium.server.asgi import Site
    from django.core.wsgi import get_wsgi_application

    site = get_wsgi_application()
    uvicorn.run(
        Site(site, lifespan=lifespan, threads=THREADS, max_body=0),
        host="127.0.0.1",
        port=int(os.environ["AGENTARIUM_PORT"]),
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    main()
