"""The worker: a provider call per job, with the start and the end stored."""

import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import orjson
from celery import shared_task
from django.utils import timezone

from bench.baselines.api import PROVIDER, chat, delta_text
from bench.baselines.plain.models import Task

thread_local = threading.local()


@shared_task(name="run_task")
def run_task(task_id: int) -> None:
    task = Task.objects.get(pk=task_id)
    task.status = "running"
    task.save(update_fields=["status"])
    connection = _connection()
    headers = {"Content-Type": "application/json"}
    path = f"{urlsplit(PROVIDER).path}/chat/completions"
    connection.request("POST", path, orjson.dumps(chat(task.input_text)), headers)
    with connection.getresponse() as response:
        task.output_text = "".join(map(delta_text, response))
    task.status = "completed"
    task.finished_at = timezone.now()
    task.save(update_fields=["output_text", "status", "finished_at"])


def _connection() -> HTTPConnection:
    """One persistent connection per thread."""
    if not hasattr(thread_local, "connection"):
        thread_local.connection = HTTPConnection(urlsplit(PROVIDER).netloc)
    connection: HTTPConnection = thread_local.connection
    return connection
