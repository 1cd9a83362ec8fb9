import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

import django
import uvicorn
from celery import Celery
from django.conf import settings

WEB_THREADS = 8
# Each holds a connection; PostgreSQL allows a hundred.
WORKER_THREADS = 50

app = Celery("plain", broker=os.environ["AGENTARIUM_BROKER_URL"])
# For all threads, not only for this one.
app.set_default()
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_pool="threads",
    worker_concurrency=WORKER_THREADS,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"max_connections": 2 * WORKER_THREADS},
)


def _database() -> dict[str, Any]:
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": url.username,
        "PASSWORD": url.password,
        "HOST": url.hostname,
        "PORT": url.port,
        "CONN_MAX_AGE": None,
    }


def configure() -> None:
    settings.configure(
        ROOT_URLCONF="bench.baselines.plain.urls",
        ALLOWED_HOSTS=["127.0.0.1"],
        TRUSTED_PROXIES=0,
        DATABASE_ANSWER_SECONDS=0,
        SECRET_KEY="of a temporary server",  # noqa: S106
        DATABASES={"default": _database()},
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "rest_framework",
            "rest_framework.authtoken",
            "bench.baselines.plain.apps.PlainConfig",
        ],
        # The middleware of a new project.
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "bench.baselines.plain.authentication.BearerAuthentication"
            ],
            "DEFAULT_PERMISSION_CLASSES": [
                "rest_framework.permissions.IsAuthenticated"
            ],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        },
    )
    django.setup()


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    yield


def web() -> None:
    from agentarium.server.asgi import Site
    from agentarium.server.request_body import Bodies
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    # First the tables that our table refers to.
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    site = Site(
        get_wsgi_application(),
        lifespan=lifespan,
        threads=WEB_THREADS,
        bodies=Bodies(folder=Path(gettempdir()), limit_of=lambda _: 1_000_000),
    )
    port = int(os.environ["AGENTARIUM_PORT"])
    uvicorn.run(site, host="127.0.0.1", port=port, access_log=False, log_config=None)


def main() -> None:
    configure()
    if sys.argv[1] == "web":
        web()
    else:
        import bench.baselines.plain.jobs  # noqa: F401 - registers itself

        app.worker_main(["worker", "--loglevel", "WARNING"])


if __name__ == "__main__":
    main()
