"""`/metrics`: access, and content."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import ApiTokenFactory, UserFactory
from agentarium.db.clock import Now
from agentarium.observability.request_metrics import route_of
from agentarium.tasks.models import Worker
from agentarium.tasks.services import force_fail_task
from agentarium.tasks.tests.factories import TaskFactory

METRICS = "/metrics"
TOKEN = "scrape-me"
SECRET = f"agt_00000001_{'5' * 64}"

pytestmark = pytest.mark.django_db

Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def operator() -> User:
    return UserFactory.create(username="operator", is_staff=True)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def read(client: Client, **options: Any) -> Samples:
    """Every sample by its name and the values of its labels."""
    response = client.get(METRICS, **options)
    assert response.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


class TestAccess:
    def test_accepts_the_metrics_token(
        self, client: Client, settings: Settings
    ) -> None:
        settings.METRICS_TOKEN = TOKEN

        response = client.get(METRICS, headers=bearer(TOKEN))

        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")

    @pytest.mark.parametrize("configured", ["", TOKEN])
    @pytest.mark.parametrize("given", ["", "wrong", "agt_wrong", "Bearer"])
    def test_returns_404_without_the_token(
        self, client: Client, settings: Settings, configured: str, given: str
    ) -> None:
        settings.METRICS_TOKEN = configured

        response = client.get(METRICS, headers=bearer(given))

        assert response.status_code == 404
        assert response.json()["code"] == "not_found"

    def test_accepts_staff_who_are_signed_in(
        self, client: Client, operator: User
    ) -> None:
        client.force_login(operator)

        assert client.get(METRICS).status_code == 200

    def test_returns_404_for_other_users(self, client: Client, alice: User) -> None:
        client.force_login(alice)

        assert client.get(METRICS).status_code == 404

    @pytest.mark.parametrize(("scope", "status"), [("read", 200), ("run", 404)])
    def test_an_api_token_of_staff_needs_the_read_scope(
        self, client: Client, operator: User, scope: str, status: int
    ) -> None:
        ApiTokenFactory.create(owner=operator, scopes=[scope], secret=SECRET)

        assert client.get(METRICS, headers=bearer(SECRET)).status_code == status


class TestContent:
    @pytest.fixture
    def staff(self, client: Client, settings: Settings) -> dict[str, Any]:
        settings.METRICS_TOKEN = TOKEN
        return {"headers": bearer(TOKEN)}

    def test_reports_the_queue_and_the_workers(
        self,
        client: Client,
        staff: dict[str, Any],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        TaskFactory.create_batch(2)
        TaskFactory.create(priority=-5)
        TaskFactory.create(running=True)
        TaskFactory.create(completed=True)
        Worker.objects.create(name="w", capacity=9, lease_until=Now())
        Worker.objects.update(lease_until="2999-01-01T00:00Z")

        # 1. due tasks by priority, 2. not due, 3. running, 4. waiting, 5. the oldest,
        # 6. workers
        with django_assert_num_queries(6):
            found = read(client, **staff)

        assert found["agentarium_tasks", ("pending",)] == 3
        assert found["agentarium_tasks", ("running",)] == 1
        assert found["agentarium_tasks", ("waiting",)] == 0
        assert found["agentarium_queue_tasks", ("0",)] == 2
        assert found["agentarium_queue_tasks", ("-5",)] == 1
        assert found["agentarium_queue_oldest_age_seconds", ()] >= 0
        assert found["agentarium_workers_alive", ()] == 1
        assert found["agentarium_workers_capacity", ()] == 9
        assert found["agentarium_database_up", ()] == 1

    def test_counts_requests_by_the_template_of_their_route(
        self, client: Client, staff: dict[str, Any]
    ) -> None:
        counter = "agentarium_http_requests_total"
        labels = ("GET", "/api/tasks/{id}/", "401")
        before = read(client, **staff).get((counter, labels), 0)

        client.get("/api/tasks/1/")
        client.get("/api/tasks/2/")

        after = read(client, **staff)
        assert after[counter, labels] == before + 2
        durations = ("agentarium_http_request_duration_seconds_count", labels[:2])
        assert after[durations] >= 2
        assert not [labels for _, labels in after if "/api/tasks/1/" in labels]

    @pytest.mark.django_db(transaction=True)
    def test_counts_tasks_that_end_without_a_worker(
        self, client: Client, staff: dict[str, Any], alice: User
    ) -> None:
        ended = ("agentarium_tasks_ended_total", ("failed",))
        before = read(client, **staff).get(ended, 0)

        force_fail_task(TaskFactory.create(), by=alice)

        assert read(client, **staff)[ended] == before + 1

    def test_reports_an_unavailable_database(
        self, client: Client, staff: dict[str, Any]
    ) -> None:
        def fail(*_: Any) -> Any:
            raise DatabaseError

        with connection.execute_wrapper(fail):
            found = read(client, **staff)

        assert found["agentarium_database_up", ()] == 0
        assert ("process_cpu_seconds_total", ()) in found
        assert ("agentarium_workers_alive", ()) not in found


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/tasks/7/cancel/", "/api/tasks/{id}/cancel/"),
        ("/api/auth/login/", "/api/auth/login/"),
        ("/healthz", "/healthz"),
        ("/tasks/7", "page"),
        (
            "/admin/tasks/agenttask/7/change/",
            "/admin/tasks/agenttask/{object_id}/change/",
        ),
        ("/api/nothing/7/", "unmatched"),
    ],
)
def test_a_route_is_named_by_its_template(
    client: Client, path: str, route: str
) -> None:
    assert route_of(client.get(path).wsgi_request) == route
