"""Retrying a task through the API resets the count of its lost attempts."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.db.clock import Now
from agentarium.tasks.models import Worker
from agentarium.worker.leases import register_worker
from agentarium.worker.queue.claims import claim_tasks
from agentarium.worker.queue.recovery import recover_tasks


@pytest.fixture
def api(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def path(api: Client, agent: Agent) -> str:
    """The path of a submitted task."""
    response = api.post(
        "/api/tasks/run/",
        {"agent": agent.pk, "input_text": "Hello"},
        content_type="application/json",
    )
    assert response.status_code == 201, response.content
    return f"/api/tasks/{response.json()['id']}/"


def claim_and_lose_worker() -> None:
    worker = register_worker(capacity=1)
    (_,) = claim_tasks(worker, limit=1)
    Worker.objects.filter(pk=worker.pk).update(lease_until=Now() - timedelta(seconds=1))
    recover_tasks(leases_are_trustworthy=lambda: True)


def test_a_retry_resets_the_number_of_lost_attempts(
    api: Client, path: str, settings: Settings
) -> None:
    settings.MAX_ATTEMPTS = 2
    claim_and_lose_worker()
    claim_and_lose_worker()
    failed = api.get(path).json()

    retried = api.post(f"{path}retry/")
    claim_and_lose_worker()

    assert (failed["status"], failed["error_code"]) == ("failed", "worker_lost")
    assert retried.status_code == 200
    again = api.get(path).json()
    assert (again["status"], again["error_code"]) == ("pending", "")
    claim_and_lose_worker()
    assert api.get(path).json()["status"] == "failed"
