"""The Celery tasks of a worker process. Each may be lost, late or repeated."""

from celery import shared_task

from agentarium.tasks import wake_ups


@shared_task(name=wake_ups.WAKE_JOB, ignore_result=True)
def wake_runner() -> None:
    """Make the runner of this process look for pending tasks."""
    wake_ups.wake_here()
