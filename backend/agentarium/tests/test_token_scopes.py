"""Which scope each route needs, for every route of the OpenAPI schema."""

from http import HTTPStatus

import pytest
from drf_spectacular.generators import SchemaGenerator

from agentarium.accounts.models import ApiToken, User
from agentarium.agents.tests.clients import with_scopes
from agentarium.tests.test_isolation_by_default import (
    FOR_STAFF,
    OBJECTS,
    OPEN,
    OPERATIONS,
    Operation,
    Rows,
)

SCOPES = set(ApiToken.Scope.values)
# Routes that need another scope than `read` for GET and `write` for the rest.
OTHERS = {
    "run": {
        "POST /api/tasks/",
        "POST /api/tasks/cancel/",
        "POST /api/tasks/retry/",
        "POST /api/tasks/run/",
        "POST /api/tasks/{id}/cancel/",
        "POST /api/tasks/{id}/retry/",
    },
    "approve": {
        "POST /api/approvals/{id}/answer/",
        "POST /api/approvals/{id}/approve/",
        "POST /api/approvals/{id}/reject/",
        "POST /api/approvals/{id}/resolve/",
        "POST /api/http-tools/{id}/test/",
    },
}
# What no token may do, whatever its scopes.
NO_TOKENS = {
    "PATCH /api/auth/me/",
    "POST /api/auth/password/",
    "POST /api/tokens/",
    "PATCH /api/tokens/{id}/",
    "DELETE /api/tokens/{id}/",
}
SCHEMA = SchemaGenerator().get_schema(request=None, public=True)
CLOSED = [each for each in OPERATIONS if str(each) not in OPEN | NO_TOKENS]


def scope_of(operation: Operation) -> str:
    for scope, routes in OTHERS.items():
        if str(operation) in routes:
            return scope
    return "read" if operation.method == "GET" else "write"


def documented(operation: Operation) -> list[str] | None:
    """The scopes in the schema; None if it does not take API tokens."""
    ways = SCHEMA["paths"][operation.path][operation.method.lower()]["security"]
    scopes: list[list[str]] = [way["apiToken"] for way in ways if "apiToken" in way]
    return scopes[0] if scopes else None


@pytest.mark.parametrize("operation", CLOSED, ids=str)
def test_the_schema_names_the_scope(operation: Operation) -> None:
    assert documented(operation) == [scope_of(operation)]


@pytest.mark.parametrize("operation", CLOSED, ids=str)
def test_all_other_scopes_together_do_not_suffice(
    alice: User, operation: Operation
) -> None:
    pk = OBJECTS[operation.collection](alice) if "{" in operation.path else 0
    scope = scope_of(operation)
    client = with_scopes(alice, *SCOPES - {scope})
    before = Rows.now()

    response = operation.call(client, pk)

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert response.json()["code"] == "insufficient_scope"
    assert f"`{scope}`" in response.json()["detail"]
    assert without_tokens(Rows.now()) == without_tokens(before)


@pytest.mark.parametrize(
    "operation", [each for each in CLOSED if str(each) not in FOR_STAFF], ids=str
)
def test_the_scope_suffices(alice: User, operation: Operation) -> None:
    pk = OBJECTS[operation.collection](alice) if "{" in operation.path else 0

    response = operation.call(with_scopes(alice, scope_of(operation)), pk)

    assert response.status_code not in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if str(each) in NO_TOKENS], ids=str
)
def test_some_routes_refuse_every_token(alice: User, operation: Operation) -> None:
    pk = OBJECTS[operation.collection](alice) if "{" in operation.path else 0

    response = operation.call(with_scopes(alice, *SCOPES), pk)

    assert documented(operation) is None
    assert response.json()["code"] == "token_not_allowed"


def without_tokens(rows: Rows) -> dict[str, object]:
    """All rows but those of tokens, whose first use is recorded."""
    return {name: of for name, of in rows.by_table.items() if "apitoken" not in name}
