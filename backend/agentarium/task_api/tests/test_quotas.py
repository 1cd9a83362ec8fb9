"""Quotas, over the API: what is refused, what frees, and that races cannot pass them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import ApiToken, QuotaLimits, StoredData, User
from agentarium.accounts.tests.factories import ApiTokenFactory
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.tests.factories import HttpToolFactory, McpServerFactory

LIMITS = "/api/limits/"
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "api_tokens": ("/api/tokens/", {"scopes": ["read"]}),
    "agents": ("/api/agents/", {}),
    "http_tools": ("/api/http-tools/", {"url_template": "https://example.com/"}),
    "mcp_servers": ("/api/mcp-servers/", {"url": "https://example.com/mcp"}),
}
FACTORIES: dict[str, Any] = {
    "api_tokens": ApiTokenFactory,
    "agents": AgentFactory,
    "http_tools": HttpToolFactory,
    "mcp_servers": McpServerFactory,
}
MODELS: dict[str, Any] = {
    "api_tokens": ApiToken,
    "agents": Agent,
    "http_tools": HttpTool,
    "mcp_servers": McpServer,
}
every_quota = pytest.mark.parametrize("name", list(BODIES))


def set_limit(settings: Settings, name: str, limit: int) -> None:
    setattr(settings, f"MAX_{name.upper()}_PER_USER", limit)


def create(api: APIClient, name: str, number: int = 0) -> Any:
    path, body = BODIES[name]
    return api.post(path, {"name": f"number_{number}", **body})


def quota(api: APIClient, name: str) -> dict[str, Any]:
    found = {row["name"]: row for row in api.get(LIMITS).json()["quotas"]}
    row: dict[str, Any] = found[name]
    return row


def concurrently(requests: Sequence[Callable[[], Any]]) -> list[int]:
    """The sorted status codes of requests that are sent by threads of their own."""

    def send(request: Callable[[], Any]) -> int:
        try:
            return int(request().status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(send, requests))


@pytest.mark.django_db
class TestCounts:
    @every_quota
    def test_one_more_than_the_limit_is_refused(
        self, api: APIClient, alice: User, settings: Settings, name: str
    ) -> None:
        set_limit(settings, name, 2)
        FACTORIES[name].create_batch(2, owner=alice)

        response = create(api, name)

        assert response.status_code == 409
        problem = response.json()
        assert problem["code"] == "quota_exceeded"
        assert (problem["quota"], problem["used"], problem["limit"]) == (name, 2, 2)
        assert "ask the operator" in problem["detail"]
        assert MODELS[name].objects.count() == 2

    @every_quota
    def test_deleting_makes_room(
        self, api: APIClient, alice: User, settings: Settings, name: str
    ) -> None:
        set_limit(settings, name, 1)
        first = create(api, name, 1).json()["id"]
        refused = create(api, name, 2).status_code

        api.delete(f"{BODIES[name][0]}{first}/")

        assert refused == 409
        assert create(api, name, 2).status_code == 201

    @every_quota
    def test_those_of_others_do_not_count(
        self, stranger_api: APIClient, alice: User, settings: Settings, name: str
    ) -> None:
        set_limit(settings, name, 1)
        FACTORIES[name].create(owner=alice)

        assert create(stranger_api, name).status_code == 201

    @every_quota
    def test_zero_is_no_limit(
        self, api: APIClient, alice: User, settings: Settings, name: str
    ) -> None:
        set_limit(settings, name, 0)

        assert create(api, name).status_code == 201
        assert quota(api, name)["limit"] is None

    @every_quota
    @pytest.mark.parametrize(("own", "status"), [(2, 201), (1, 409), (0, 201)])
    def test_a_user_may_have_another_limit(
        self,
        api: APIClient,
        alice: User,
        settings: Settings,
        name: str,
        own: int,
        status: int,
    ) -> None:
        set_limit(settings, name, 1 if status == 201 else 5)
        QuotaLimits.objects.create(user=alice, **{name: own})
        FACTORIES[name].create(owner=alice)

        assert create(api, name).status_code == status

    def test_a_copy_of_an_agent_counts(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_AGENTS_PER_USER = 1

        response = api.post(f"/api/agents/{agent.pk}/duplicate/")

        assert response.json()["code"] == "quota_exceeded"

    def test_an_agent_is_restored_only_if_there_is_room(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_AGENTS_PER_USER = 1
        api.delete(f"/api/agents/{agent.pk}/")
        other = create(api, "agents").json()["id"]

        refused = api.post(f"/api/agents/{agent.pk}/restore/")
        api.delete(f"/api/agents/{other}/")
        restored = api.post(f"/api/agents/{agent.pk}/restore/")

        assert refused.json()["code"] == "quota_exceeded"
        assert restored.status_code == 200

    @pytest.mark.django_db(transaction=True)
    @every_quota
    def test_concurrent_requests_cannot_pass_the_limit(
        self, alice: User, settings: Settings, name: str
    ) -> None:
        set_limit(settings, name, 3)

        def request(number: int) -> Callable[[], Any]:
            client = APIClient()
            client.force_authenticate(alice)
            return lambda: create(client, name, number)

        statuses = concurrently([request(number) for number in range(16)])

        assert statuses == [201] * 3 + [409] * 13
        assert MODELS[name].objects.filter(owner=alice).count() == 3


@pytest.mark.django_db
class TestStoredBytes:
    """A task takes 400 bytes and its input."""

    @pytest.fixture(autouse=True)
    def _nothing_is_stored(self, agent: Agent) -> None:
        StoredData.objects.all().delete()

    def limit(self, user: User, size: int) -> None:
        QuotaLimits.objects.create(user=user, stored_bytes=size)

    def submit(self, api: APIClient, agent: Agent, chars: int) -> Any:
        body = {"agent": agent.pk, "input_text": "x" * chars}
        return api.post("/api/tasks/run/", body)

    def used(self, api: APIClient) -> int:
        return int(quota(api, "stored_bytes")["used"])

    def test_a_task_that_does_not_fit_is_refused(
        self, api: APIClient, alice: User, agent: Agent
    ) -> None:
        self.limit(alice, 2500)

        statuses = [self.submit(api, agent, 600).status_code for _ in range(3)]

        assert statuses == [201, 201, 409]
        assert self.used(api) == 2000
        assert AgentTask.objects.count() == 2
        problem = self.submit(api, agent, 600).json()
        assert problem["code"] == "quota_exceeded"
        assert (problem["used"], problem["limit"]) == (2000, 2500)
        assert "0.0 MB of 0.0 MB" in problem["detail"]

    def test_the_first_task_is_refused_as_well(
        self, api: APIClient, alice: User, agent: Agent
    ) -> None:
        self.limit(alice, 500)

        assert self.submit(api, agent, 600).status_code == 409
        assert self.used(api) == 0

    def test_the_servers_limit_is_in_megabytes(
        self, api: APIClient, agent: Agent, settings: Settings
    ) -> None:
        settings.MAX_STORED_MB_PER_USER = 1

        statuses = [self.submit(api, agent, 99_900).status_code for _ in range(10)]

        assert statuses == [201] * 9 + [409]
        assert quota(api, "stored_bytes")["limit"] == 1_000_000

    def test_counts_the_bytes_and_not_the_characters(
        self, api: APIClient, agent: Agent
    ) -> None:
        api.post("/api/tasks/run/", {"agent": agent.pk, "input_text": "€" * 10})

        assert self.used(api) == 430

    @pytest.mark.django_db(transaction=True)
    def test_concurrent_tasks_cannot_pass_the_limit(
        self, alice: User, agent: Agent
    ) -> None:
        self.limit(alice, 5000)

        def request() -> Any:
            client = APIClient()
            client.force_authenticate(alice)
            return self.submit(client, agent, 600)

        statuses = concurrently([request] * 50)

        assert statuses == [201] * 5 + [409] * 45

    def test_each_version_of_an_agent_counts(self, api: APIClient, alice: User) -> None:
        agent = create(api, "agents").json()["id"]
        before = self.used(api)
        path = f"/api/agents/{agent}/"

        api.patch(path, {"instructions": "x" * 1000})
        after = self.used(api)
        api.patch(path, {"instructions": "x" * 1000})
        self.limit(alice, after)
        refused = api.patch(path, {"instructions": "y" * 1000})

        assert after - before > 1000
        assert self.used(api) == after
        assert refused.json()["code"] == "quota_exceeded"
        assert api.get(path).json()["version"] == 2
        assert api.get(path).json()["instructions"] == "x" * 1000

    @pytest.mark.parametrize("name", ["http_tools", "mcp_servers"])
    def test_a_tool_counts_until_it_is_deleted(
        self, api: APIClient, alice: User, name: str
    ) -> None:
        tool = create(api, name).json()["id"]
        path = f"{BODIES[name][0]}{tool}/"
        before = self.used(api)

        api.patch(path, {"description": "x" * 1000})
        grown = self.used(api)
        self.limit(alice, grown)
        refused = api.patch(path, {"description": "x" * 2000})
        api.patch(path, {"description": ""})
        shrunk = self.used(api)
        api.delete(path)

        assert grown == before + 1000
        assert refused.json()["code"] == "quota_exceeded"
        assert shrunk == before
        assert self.used(api) == 0

    def test_deleting_a_tool_of_another_user_frees_nothing(
        self, api: APIClient, stranger_api: APIClient
    ) -> None:
        tool = create(api, "http_tools").json()["id"]
        before = self.used(api)

        response = stranger_api.delete(f"/api/http-tools/{tool}/")

        assert response.status_code == 404
        assert self.used(api) == before

    def test_a_retry_counts_and_is_refused_if_it_does_not_fit(
        self, api: APIClient, alice: User, agent: Agent
    ) -> None:
        task = self.submit(api, agent, 10).json()["id"]
        path = f"/api/tasks/{task}/"
        self.limit(alice, 900)
        api.post(f"{path}cancel/")
        retried = api.post(f"{path}retry/").status_code
        api.post(f"{path}cancel/")

        refused = api.post(f"{path}retry/")

        assert retried == 200
        assert refused.json()["code"] == "quota_exceeded"
        assert AgentTask.objects.get().status == "cancelled"


@pytest.mark.django_db
class TestLimits:
    def test_shows_what_the_caller_has_and_may_have(
        self,
        api: APIClient,
        alice: User,
        agent: Agent,
        settings: Settings,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        QuotaLimits.objects.create(user=alice, http_tools=7)
        StoredData.objects.update(used_bytes=1234)
        ApiTokenFactory.create_batch(3, owner=alice)
        ApiTokenFactory.create()

        # 1. the user's own limits, 2. to 7. what they have of each
        with django_assert_num_queries(7):
            body = api.get(LIMITS).json()

        found = {row["name"]: (row["used"], row["limit"]) for row in body["quotas"]}
        assert found == {
            "api_tokens": (3, 100),
            "stored_bytes": (1234, 5_000_000_000),
            "http_tools": (0, 7),
            "mcp_servers": (0, 50),
            "agents": (1, 1000),
            "running_tasks": (0, 100),
        }
        assert body["rates"] == {"user": "1200/min", "token": "1200/min"}

    def test_requires_an_account(self, anonymous_api: APIClient) -> None:
        assert anonymous_api.get(LIMITS).status_code == 401

    def test_shows_nothing_of_another_user(
        self, stranger_api: APIClient, alice: User, agent: Agent
    ) -> None:
        QuotaLimits.objects.create(user=alice, agents=7)

        assert quota(stranger_api, "agents")["used"] == 0
        assert quota(stranger_api, "agents")["limit"] == 1000
