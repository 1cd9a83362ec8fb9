"""The worker: a call of the provider in each job, with its start and its end stored."""

import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import orjson
from celery import shared_task
from django.utils import timezone

from bench.baselines.api import PROVIDER, chat, said
from bench.baselines.plain.models import Task

kept = threading.local()


@shared_task(name="ask")
def ask(task_id: int) -> None:
    task = Task.objects.get(pk=task_id)
    task.status = "running"
    task.save(update_fields=["status"])
    connection = _connection()
    headers = {"Content-Type": "application/json"}
    path = f"{urlsplit(PROVIDER).path}/chat/completions"
    connection.request("POST", path, orjson.dumps(chat(task.input_text)), headers)
    with connection.getresponse() as answer:
        task.output_text = "".join(map(said, answer))
    task.status = "completed"
    task.finished_at = timezone.now()
    task.save(update_fields=["output_text", "status", "finished_at"])


def _connection() -> HTTPConnection:
    """One for each thread, kept open."""
    if not hasattr(kept, "connection"):
        kept.connection = HTTPConnection(urlsplit(PROVIDER).netloc)
    connection: HTTPConnection = kept.connection
    return connection
