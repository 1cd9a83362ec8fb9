"""The Celery application. It carries wake-ups to the runners."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentarium.config.settings")

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from kombu import Queue
from kombu.common import Broadcast

from agentarium.tasks.wake_ups import WAKE_EXCHANGE

app = Celery("agentarium", broker=settings.BROKER_URL or None, set_as_current=True)
app.conf.update(
    task_default_queue="agentarium",
    # A wake-up goes to every worker. Those with free capacity claim tasks.
    task_queues=[
        Queue("agentarium"),
        Broadcast(WAKE_EXCHANGE, routing_key=WAKE_EXCHANGE),
    ],
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    worker_pool="threads",
    worker_concurrency=4,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        # Senders and workers must notice within seconds that the broker is away or silent.
        "socket_connect_timeout": 2,
        "socket_timeout": 2,
        "health_check_interval": 2,
        "socket_keepalive": True,
        "global_keyprefix": f"{settings.REDIS_PREFIX}:",
    },
    worker_send_task_events=False,
    worker_enable_remote_control=False,
)
# Wake-ups are sent from their own thread, and threads know only the default application.
app.set_default()
app.autodiscover_tasks(["agentarium.worker"], related_name="jobs")


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery sets up its own logging unless this signal has a receiver."""
