"""No value in a request is an error of the server: it is refused, with a problem.

The cases are generated from the OpenAPI schema: every operation, every parameter and
every field of a body, each with all hostile values.
"""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from drf_spectacular.generators import SchemaGenerator
from pytest_django.fixtures import Settings
from rest_framework_simplejwt.tokens import RefreshToken

from agentarium.accounts.models import User
from agentarium.agents.tests.factories import AgentFactory
from agentarium.http.request_bounds import SiteHandler
from agentarium.server.wsgi_bridge import Answer as WsgiAnswer
from agentarium.server.wsgi_bridge import as_start_response, environ
from agentarium.tests.hostile_values import (
    BODIES,
    CONTENT_TYPES,
    ENCODED,
    FRAGMENTS,
    HEADER_VALUES,
    HEADERS,
    PATHS,
)
from agentarium.tests.test_isolation_by_default import OBJECTS

JSON = "application/json"
# JSON for required fields: without them, the server would not look at the others.
AGENT_ID = 2**40
SAMPLES = {
    "agent": str(AGENT_ID),
    "current_password": '"a"',
    "email": '"a@example.com"',
    "ids": "[1]",
    "input_text": '"Hello"',
    "name": '"a"',
    "new_password": '"a"',
    "outcome": '"done"',
    "proposal": '"0"',
    "password": '"a"',
    "refresh": '"a"',
    "scopes": '["read"]',
    "text": '"a"',
    "url": '"https://127.0.0.1/"',
    "url_template": '"https://127.0.0.1/"',
    "username": '"a"',
    "version": "1",
}
# Operations that together read every header that the site reads.
READERS_OF_HEADERS = [
    "GET /api/tasks/{id}/events/",
    "POST /api/auth/login/",
    "POST /api/tasks/run/",
]

site = SiteHandler()
site.load_middleware()
pytestmark = pytest.mark.usefixtures("keep_connection_open", "_no_rate_limits")


class Operation(NamedTuple):
    method: str
    path: str
    # Names of query parameters and of body fields.
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    required: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def collection(self) -> str:
        return self.path.split("/")[2]

    def body_with(self, name: str, value: str) -> bytes:
        """A body with this JSON in one field, and valid values in the required ones."""
        fields = {field: SAMPLES[field] for field in self.required} | {name: value}
        pairs = ", ".join(f'"{field}": {each}' for field, each in fields.items())
        return f"{{{pairs}}}".encode()


class Case(NamedTuple):
    """One request. Its URL has `{id}` in place of an object's id."""

    method: str
    url: str
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = {}

    def __str__(self) -> str:
        parts = (self.method, self.url, self.content_type, self.body, self.headers)
        return " ".join(f"{part!r:.200}" for part in parts)


class Answer(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def is_acceptable(self) -> bool:
        """Whether it is a success, or a problem that the client has caused."""
        if self.status < HTTPStatus.BAD_REQUEST:
            return True
        is_problem = self.headers[b"content-type"] == b"application/problem+json"
        return self.status < HTTPStatus.INTERNAL_SERVER_ERROR and is_problem


class Sender:
    """Sends requests to the site as a server does, without a client that checks them."""

    def __init__(self, pk: int | str, **headers: str) -> None:
        self._pk = pk
        self._headers = headers

    def faults(self, cases: Iterable[Case]) -> list[str]:
        """One line for each case whose answer is not acceptable."""
        answers = ((case, self._send(case)) for case in cases)
        return [f"{case}: {each}" for case, each in answers if not each.is_acceptable]

    def _send(self, case: Case) -> Answer:
        path, _, query = case.url.replace("{id}", str(self._pk)).partition("?")
        headers = {
            "Host": "localhost",
            "Content-Type": case.content_type,
            **self._headers,
            **case.headers,
        }
        scope = {
            "method": case.method,
            "path": unquote(path),
            "query_string": query.encode(),
            "http_version": "1.1",
            "headers": [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in headers.items()
            ],
        }
        answer = WsgiAnswer()
        request = environ(scope, case.body)
        response: Any = site(request, as_start_response(answer))
        # A stream has no end, and its content does not matter here.
        is_stream = getattr(response, "streaming", False)
        body = b"" if is_stream else b"".join(response)
        response.close()
        return Answer(answer.status, dict(answer.headers), body)


def _operations() -> Iterator[Operation]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, verbs in schema["paths"].items():
        for method, definition in verbs.items():
            body = _body(definition, schema["components"]["schemas"])
            parameters = definition.get("parameters", ())
            yield Operation(
                method.upper(),
                path,
                tuple(each["name"] for each in parameters if each["in"] == "query"),
                tuple(body.get("properties", ())),
                tuple(body.get("required", ())),
            )


def _body(definition: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    content = definition.get("requestBody", {}).get("content", {})
    reference = content.get(JSON, {}).get("schema", {}).get("$ref", "")
    body: dict[str, Any] = components.get(reference.rpartition("/")[2], {})
    return body


OPERATIONS = {str(operation): operation for operation in _operations()}
all_operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)


def _with_values(operation: Operation) -> Iterator[Case]:
    """The operation with each value in the path, in each parameter and in each field."""
    method, path = operation.method, operation.path
    if "{id}" in path:
        yield from (Case(method, path.replace("{id}", value)) for value in ENCODED)
    for name in operation.parameters:
        yield from (Case(method, f"{path}?{name}={value}") for value in ENCODED)
    for name in operation.fields:
        bodies = (operation.body_with(name, value) for value in FRAGMENTS)
        yield from (Case(method, path, body) for body in bodies)


def _with_bodies(operation: Operation) -> Iterator[Case]:
    """The operation with hostile bodies, content types and query strings."""
    method, path = operation.method, operation.path
    # Without fields, the operation does not read a body.
    bodies = BODIES if operation.fields else BODIES[:3]
    yield from (Case(method, path, body) for body in bodies)
    yield from (Case(method, path, b'{"a": 1}', each) for each in CONTENT_TYPES)
    yield from (
        Case(method, f"{path}?{query}") for query in ("a=b&" * 1_500, "%ff=%ff")
    )


def _with_headers(operation: Operation) -> Iterator[Case]:
    method, path = operation.method, operation.path
    body = operation.body_with("input_text", '"Hello"')
    for name in HEADERS:
        for value in HEADER_VALUES:
            yield Case(method, path, body, headers={name: value})


@pytest.fixture
def _no_rate_limits(settings: Settings) -> None:
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "1000000/min")


@pytest.fixture
def pk(operation: Operation, alice: User) -> int | str:
    """The id of an object of alice's that the operation can be about, or 0."""
    AgentFactory.create(pk=AGENT_ID, owner=alice)
    create = OBJECTS.get(operation.collection)
    return create(alice) if create else 0


@pytest.fixture
def alices(alice: User, pk: int | str) -> Sender:
    """Alice is staff here, so that she may use every operation."""
    alice.is_staff = True
    alice.save()
    token = RefreshToken.for_user(alice).access_token
    return Sender(pk, Authorization=f"Bearer {token}")


@pytest.fixture
def anonymous(pk: int | str) -> Sender:
    return Sender(pk)


@all_operations
def test_refuses_hostile_values(alices: Sender, operation: Operation) -> None:
    assert alices.faults(_with_values(operation)) == []


@all_operations
def test_refuses_hostile_bodies(alices: Sender, operation: Operation) -> None:
    assert alices.faults(_with_bodies(operation)) == []


@all_operations
def test_refuses_hostile_bodies_without_credentials(
    anonymous: Sender, operation: Operation
) -> None:
    assert anonymous.faults(_with_bodies(operation)) == []


@pytest.mark.parametrize(
    "operation", [OPERATIONS[name] for name in READERS_OF_HEADERS], ids=str
)
def test_refuses_hostile_headers(alices: Sender, operation: Operation) -> None:
    assert alices.faults(_with_headers(operation)) == []


@pytest.mark.django_db
def test_refuses_hostile_paths(settings: Settings, tmp_path: Path) -> None:
    settings.PAGE_ROOT = tmp_path
    (tmp_path / "index.html").write_text("<p>The page.</p>")

    assert Sender(0).faults(Case("GET", path) for path in PATHS) == []
