"""Isolation by default: other users' objects do not exist for a user.

The cases are generated from the OpenAPI schema: every route, method, filter and related
id. A new one fails here until it has an object to be tried with.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import ApiTokenFactory
from agentarium.agents.tests.factories import AgentFactory
from agentarium.runtime.messages import message_to_json, user_message
from agentarium.tasks.models import AgentTask, TaskCount, ToolCall
from agentarium.tasks.tests.factories import EventFactory, StepFactory, TaskFactory
from agentarium.tools.models import HttpTool, McpServer

# In every text of alice's objects.
MARK = "for alice alone"
MISSING_ID = 2**40


def _agent(owner: User) -> int:
    """An agent with a task that can be cancelled, and one that can be retried."""
    agent = AgentFactory.create(
        owner=owner, name=MARK, description=MARK, instructions=MARK
    )
    TaskFactory.create(agent=agent, input_text=MARK)
    TaskFactory.create(
        agent=agent,
        failed=True,
        input_text=MARK,
        output_text=MARK,
        error_detail=MARK,
    )
    return agent.pk


def _counted_agent(owner: User) -> int:
    agent_id = _agent(owner)
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for bucket, start_at in (("hour", hour), ("day", hour.replace(hour=0))):
        TaskCount.objects.create(
            owner=owner, bucket=bucket, agent_id=agent_id, start_at=start_at, failed=1
        )
    return agent_id


def _failed_task(owner: User) -> int:
    task = AgentTask.objects.get(agent=_agent(owner), status="failed")
    StepFactory.create(task=task, message=message_to_json(user_message(MARK)))
    EventFactory.create(task=task, data={"text": MARK})
    return task.pk


def _pending_task(owner: User) -> int:
    return AgentTask.objects.get(agent=_agent(owner), status="pending").pk


def _approval(owner: User) -> int:
    return ToolCall.objects.create(
        task_id=_failed_task(owner),
        step=1,
        tool_call_id="call-1",
        name="send",
        effect="write",
        status=ToolCall.Status.WAITING,
        waits_for=ToolCall.WaitsFor.APPROVAL,
        arguments=MARK,
    ).pk


def _token(owner: User) -> int:
    return ApiTokenFactory.create(owner=owner, name=MARK).pk


def _http_tool(owner: User) -> int:
    return HttpTool.objects.create(
        owner=owner,
        name=f"weather_{HttpTool.objects.count()}",
        description=MARK,
        url_template="https://127.0.0.1/",
    ).pk


def _available_tool(owner: User) -> str:
    return f"http:{_http_tool(owner)}"


def _mcp_server(owner: User) -> int:
    return McpServer.objects.create(
        owner=owner, name="files", description=MARK, url="https://127.0.0.1/"
    ).pk


# Creates the object for the id of a route: /api/<collection>/{id}/...
OBJECTS: dict[str, Callable[[User], int | str]] = {
    "agents": _agent,
    "approvals": _approval,
    "http-tools": _http_tool,
    "mcp-servers": _mcp_server,
    "stats": _counted_agent,
    "tasks": _failed_task,
    "tokens": _token,
    "tools": _available_tool,
}
# Parameters and body fields that hold ids of these objects.
RELATED: dict[str, Sequence[Callable[[User], int]]] = {
    "agent": [_agent],
    "follows": [_failed_task],
    "ids": [_failed_task, _pending_task],
    "task": [_failed_task],
    "parent": [_failed_task],
    "server": [_mcp_server],
}
# Parameters and body fields that hold numbers, not ids.
NUMBERS = {
    "limit",
    "max_output_tokens",
    "max_steps",
    "offset",
    "priority",
    "seed",
    "step_timeout",
    "timeout",
    "version",
}
# What a request body needs in addition to the id under test.
REQUIRED_FIELDS = {"input_text": "Hello"}
# Open to everyone: they return no one's data, or sign in and out.
OPEN = {
    "POST /api/auth/login/",
    "POST /api/auth/logout/",
    "POST /api/auth/register/",
    "GET /api/auth/session/",
    "POST /api/auth/token/",
    "POST /api/auth/token/blacklist/",
    "POST /api/auth/token/refresh/",
}
# For staff only: they show and change all users' tasks.
FOR_STAFF = {
    "POST /api/queue/fail/",
    "GET /api/queue/",
    "POST /api/queue/requeue/",
    "GET /api/workers/",
}


class Operation(NamedTuple):
    method: str
    path: str
    # Names of query parameters and of body fields that are whole numbers.
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    required: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def collection(self) -> str:
        return self.path.split("/")[2]

    def call(self, client: APIClient, pk: int | str = 0, **values: Any) -> Any:
        query = self.method == "GET"
        send = getattr(client, self.method.lower())
        return send(self.path.format(id=pk), values if query else (values or {}))


def _operations() -> Iterator[Operation]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, verbs in schema["paths"].items():
        for method, definition in verbs.items():
            parameters = [
                parameter["name"]
                for parameter in definition.get("parameters", ())
                if parameter["in"] == "query" and _is_integer(parameter["schema"])
            ]
            body = _body(definition, schema["components"]["schemas"])
            fields = [
                name
                for name, value in body.get("properties", {}).items()
                if _is_integer(value)
            ]
            required = set(fields) & set(body.get("required", ()))
            yield Operation(
                method.upper(), path, tuple(parameters), tuple(fields), tuple(required)
            )


def _body(definition: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    content = definition.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    body: dict[str, Any] = components.get(reference.rpartition("/")[2], {})
    return body


def _is_integer(schema: dict[str, Any]) -> bool:
    """Whether values are integers or lists of integers, so that they may be ids."""
    schemas = [schema, schema.get("items", {})]
    return any("integer" in _as_list(each.get("type")) for each in schemas)


def _as_list(types: str | list[str] | None) -> list[str]:
    return types if isinstance(types, list) else [types or ""]


OPERATIONS = sorted(_operations())
DETAILS = [operation for operation in OPERATIONS if "{" in operation.path]
READS = [
    operation
    for operation in OPERATIONS
    if "{" not in operation.path
    and operation.method == "GET"
    and str(operation) not in FOR_STAFF
]
CLOSED = [operation for operation in OPERATIONS if str(operation) not in OPEN]
FILTERS = [
    (operation, name, create)
    for operation in READS
    for name in operation.parameters
    for create in RELATED.get(name, ())
]
RELATIONS = [
    (operation, name, create)
    for operation in OPERATIONS
    for name in operation.fields
    for create in RELATED.get(name, ())
]


class Rows(NamedTuple):
    """A snapshot of all our tables, to check that nothing changed."""

    by_table: dict[str, list[dict[str, Any]]]

    @classmethod
    def now(cls) -> "Rows":
        models = (
            model
            for model in apps.get_models()
            if model.__module__.startswith("agentarium.")
        )
        return cls(
            {
                model._meta.db_table: list(model._base_manager.order_by("pk").values())
                for model in models
            }
        )


def _label(value: object) -> str:
    return getattr(value, "__name__", str(value)).strip("_")


def _field_value(name: str, pk: int) -> int | list[int]:
    return [pk] if name == "ids" else pk


@pytest.fixture
def alices(alice: User) -> dict[str, int | str]:
    """The id of an object of alice in each collection."""
    return {name: create(alice) for name, create in OBJECTS.items()}


def test_every_route_filter_and_related_id_is_covered() -> None:
    numbers = {
        name
        for operation in OPERATIONS
        for name in (*operation.parameters, *operation.fields)
    }

    assert {operation.collection for operation in DETAILS} <= OBJECTS.keys()
    assert {tuple(re.findall("{.*?}", each.path)) for each in DETAILS} == {("{id}",)}
    assert numbers <= RELATED.keys() | NUMBERS
    assert {str(operation) for operation in OPERATIONS} >= OPEN | FOR_STAFF


@pytest.mark.parametrize("operation", DETAILS, ids=str)
def test_another_users_object_is_not_found(
    stranger_api: APIClient, alices: dict[str, int | str], operation: Operation
) -> None:
    before = Rows.now()

    response = operation.call(stranger_api, alices[operation.collection])

    assert response.status_code == HTTPStatus.NOT_FOUND
    assert response.json()["code"] == "not_found"
    assert Rows.now() == before


@pytest.mark.parametrize(
    "operation", [each for each in DETAILS if each.method == "GET"], ids=str
)
def test_its_owner_finds_it(
    api: APIClient, alices: dict[str, int | str], operation: Operation
) -> None:
    assert (
        operation.call(api, alices[operation.collection]).status_code == HTTPStatus.OK
    )


@pytest.mark.usefixtures("alices")
@pytest.mark.parametrize("operation", READS, ids=str)
def test_no_list_shows_another_users_objects(
    stranger_api: APIClient, operation: Operation
) -> None:
    response = operation.call(stranger_api)

    assert response.status_code == HTTPStatus.OK
    assert MARK.encode() not in b"".join(response)


@pytest.mark.usefixtures("alices")
@pytest.mark.parametrize(
    "operation", [each for each in READS if each.collection in OBJECTS], ids=str
)
def test_lists_show_a_users_own_objects(api: APIClient, operation: Operation) -> None:
    assert MARK.encode() in b"".join(operation.call(api))


@pytest.mark.parametrize(("operation", "name", "create"), FILTERS, ids=_label)
def test_a_filter_treats_another_users_id_as_missing(
    stranger_api: APIClient,
    alice: User,
    operation: Operation,
    name: str,
    create: Callable[[User], int],
) -> None:
    foreign = operation.call(stranger_api, **{name: create(alice)})
    missing = operation.call(stranger_api, **{name: MISSING_ID})

    assert foreign.status_code == missing.status_code == HTTPStatus.BAD_REQUEST
    assert foreign.content == missing.content


@pytest.mark.parametrize(("operation", "name", "create"), RELATIONS, ids=_label)
def test_a_body_treats_another_users_id_as_missing(
    stranger: User,
    stranger_api: APIClient,
    alice: User,
    operation: Operation,
    name: str,
    create: Callable[[User], int],
) -> None:
    own = {field: RELATED[field][0](stranger) for field in operation.required}
    body: dict[str, Any] = {**REQUIRED_FIELDS, **own}
    foreign_id, missing_id = create(alice), MISSING_ID
    before = Rows.now()

    foreign = operation.call(
        stranger_api, **body | {name: _field_value(name, foreign_id)}
    )
    missing = operation.call(
        stranger_api, **body | {name: _field_value(name, missing_id)}
    )

    assert foreign.status_code == missing.status_code
    assert foreign.content == missing.content
    assert Rows.now() == before


@pytest.mark.parametrize("operation", CLOSED, ids=str)
def test_refuses_requests_without_credentials(
    anonymous_api: APIClient, alices: dict[str, int | str], operation: Operation
) -> None:
    before = Rows.now()

    response = operation.call(anonymous_api, alices.get(operation.collection, 0))

    assert response.status_code == HTTPStatus.UNAUTHORIZED
    assert Rows.now() == before


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if str(each) in FOR_STAFF], ids=str
)
def test_refuses_staff_routes_to_other_users(
    stranger_api: APIClient, alices: dict[str, int | str], operation: Operation
) -> None:
    before = Rows.now()

    response = operation.call(stranger_api, ids=[alices["tasks"]])

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert response.json()["code"] == "staff_only"
    assert Rows.now() == before
