"""No response grows without bound with what a user has stored.

The cases are generated from the OpenAPI schema. A new list is paginated, or fails here
until its bound is known.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.conversation import MAX_CONVERSATION
from agentarium.tasks.tests.factories import TaskFactory

# Lists without pages, and what bounds them.
BOUNDED = {
    "/api/agents/{id}/tools/": "MAX_TOOLS of an agent",
    "/api/models/": "at most 1,000 for each provider that the operator configures",
    "/api/providers/": "the providers that we know, and MAX_SERVERS of the operator",
    "/api/workers/": "the workers that run, for staff",
    "/api/tasks/{id}/conversation/": "MAX_CONVERSATION in each direction",
}
# Responses whose objects contain lists, and what bounds each list.
BOUNDED_INSIDE = {
    "Agent.fallback_models": "MAX_FALLBACKS",
    "Agent.recent_tasks": "five",
    "Agent.stop": "MAX_STOPS",
    "Agent.tools": "MAX_ENTRIES",
    "AgentVersion.fallback_models": "MAX_FALLBACKS",
    "AgentVersion.stop": "MAX_STOPS",
    "AgentVersion.protection_changes": "MAX_TOOLS, those that one change has switched off",
    "AgentVersion.tools": "MAX_ENTRIES",
    "ApiToken.scopes": "the scopes that there are",
    "HttpTool.header_names": "MAX_SECRETS",
    "HttpTool.url_secret_names": "MAX_SECRETS",
    "HttpTool.warnings": "one for each secret",
    "McpServer.header_names": "MAX_SECRETS",
    "McpServer.url_secret_names": "MAX_SECRETS",
    "McpServer.warnings": "one for each secret",
    "McpServer.tools": "MAX_TOOLS of one server, with schemas of 50 kB",
    "McpServerRow.header_names": "MAX_SECRETS",
    "McpServerRow.url_secret_names": "MAX_SECRETS",
    "McpServerRow.warnings": "one for each secret",
    "McpServerRow.tools": "MAX_TOOLS, without schemas",
    "McpToolDecision.changes": "names of at most twice MAX_TOOLS",
}
PAGE = {"count", "next", "previous", "results"}

Operation = tuple[str, dict[str, Any]]


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


SCHEMA = _schema()


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = SCHEMA["components"]["schemas"][name] if name else schema
    return found


def _json_reads() -> Iterator[Operation]:
    for path, operations in SCHEMA["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {})
        if schema := content.get("content", {}).get("application/json", {}):
            yield path, _resolved(schema["schema"])


READS = list(_json_reads())
LISTS = [
    (path, schema)
    for path, schema in READS
    if schema.get("type") == "array" or "results" in schema.get("properties", {})
]


@pytest.mark.parametrize(("path", "schema"), LISTS, ids=lambda each: str(each)[:40])
def test_a_list_has_pages_or_a_known_bound(path: str, schema: dict[str, Any]) -> None:
    assert (schema.get("properties", {}).keys() >= PAGE) != (path in BOUNDED)


def test_the_known_bounds_are_those_of_lists() -> None:
    assert {path for path, _ in LISTS} >= BOUNDED.keys()


def test_a_list_inside_an_object_has_a_known_bound() -> None:
    rows = {
        schema["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
        for _, schema in LISTS
        if "properties" in schema
    }
    details = {
        name
        for name, schema in SCHEMA["components"]["schemas"].items()
        if schema in [each for path, each in READS if path.endswith("{id}/")]
    }
    inside = {
        f"{name}.{field}"
        for name in rows | details
        for field, value in SCHEMA["components"]["schemas"][name]["properties"].items()
        if value.get("type") == "array"
    }

    assert inside == BOUNDED_INSIDE.keys()


@pytest.mark.django_db
def test_a_conversation_is_bounded_in_each_direction(
    api: APIClient, alice: User
) -> None:
    agent = AgentFactory.create(owner=alice)
    first = middle = latest = TaskFactory.create(agent=agent, completed=True)
    for number in range(2 * MAX_CONVERSATION + 20):
        latest = TaskFactory.create(agent=agent, completed=True, follows=latest)
        if number == MAX_CONVERSATION + 10:
            middle = latest

    response = api.get(f"/api/tasks/{middle.pk}/conversation/")

    assert len(response.data) == 2 * MAX_CONVERSATION + 1
    assert first.pk not in {task["id"] for task in response.data}
