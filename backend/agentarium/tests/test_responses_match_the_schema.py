"""Whatever the API is sent, it answers as its description says, and never with a 500."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
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
REQUEST_SIGNALS = signals.request_started, signals.request_finished

described = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True)
)
described.app = WSGIHandler()
results: Any = described.get_all_operations()
OPERATIONS = [result.ok() for result in results]
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


@pytest.fixture
def _in_the_tests_transaction() -> Iterator[None]:
    """A request would close the connection that the test's transaction is on."""
    for signal in REQUEST_SIGNALS:
        signal.disconnect(close_old_connections)
    yield
    for signal in REQUEST_SIGNALS:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_in_the_tests_transaction")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_every_answer_is_described(
    alice: User, operation: Any, settings: Settings
) -> None:
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES, "1000000/min")
    headers = {"Authorization": f"Bearer {RefreshToken.for_user(alice).access_token}"}
    alices = {name: create(alice) for name, create in OBJECTS.items()}

    @_sampled
    @given(case=st.one_of(*map(operation.as_strategy, GenerationMode)))
    def is_as_described(case: Any) -> None:
        _point_at(alices, case)
        case.call_and_validate(headers=headers, checks=CHECKED)

    is_as_described()


_sampled = settings(
    max_examples=SAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _point_at(alices: dict[str, int], case: Any) -> None:
    """A random id is nobody's, and all that it shows is a 404."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = alices[case.path.split("/")[2]]
    if isinstance(case.body, dict) and isinstance(case.body.get("agent"), int):
        case.body["agent"] = alices["agents"]
