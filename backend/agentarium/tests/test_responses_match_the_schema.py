"""The API answers any input as its OpenAPI schema says, and never with a 500."""

from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from rest_framework_simplejwt.tokens import RefreshToken
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from agentarium.accounts.models import User
from agentarium.tests.test_isolation_by_default import OBJECTS

SAMPLES = 10

schema = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True)
)
schema.app = WSGIHandler()
results: Any = schema.get_all_operations()
OPERATIONS = [result.ok() for result in results]
RESPONSE_CHECKS = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


@pytest.mark.usefixtures("keep_connection_open")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_every_response_matches_the_schema(
    alice: User, operation: Any, settings: Settings
) -> None:
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "1000000/min")
    headers = {"Authorization": f"Bearer {RefreshToken.for_user(alice).access_token}"}
    object_ids = {name: create(alice) for name, create in OBJECTS.items()}

    @_few_examples
    @given(case=st.one_of(*map(operation.as_strategy, GenerationMode)))
    def check(case: Any) -> None:
        _use_existing_objects(object_ids, case)
        case.call_and_validate(headers=headers, checks=RESPONSE_CHECKS)

    check()


_few_examples = settings(
    max_examples=SAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _use_existing_objects(object_ids: dict[str, int | str], case: Any) -> None:
    """Replace random ids, which exist nowhere and would only ever give a 404."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = object_ids[case.path.split("/")[2]]
    if isinstance(case.body, dict) and isinstance(case.body.get("agent"), int):
        case.body["agent"] = object_ids["agents"]
