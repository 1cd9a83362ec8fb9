from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agentarium.runtime.providers.failures import (
    identifiers,
    provider_failure,
    retry_after_seconds,
    status_of,
)


@pytest.mark.parametrize(
    ("status", "code", "is_transient"),
    [
        (301, "provider_bad_request", False),
        (400, "provider_bad_request", False),
        (401, "provider_auth", False),
        (402, "provider_auth", False),
        (403, "provider_auth", False),
        (404, "model_not_found", False),
        (408, "provider_timeout", True),
        (413, "provider_bad_request", False),
        (422, "provider_bad_request", False),
        (429, "provider_rate_limited", True),
        (500, "provider_unavailable", True),
        (503, "provider_unavailable", True),
        (504, "provider_timeout", True),
        (529, "provider_unavailable", True),
    ],
)
def test_maps_a_status_to_its_code(status: int, code: str, is_transient: bool) -> None:  # noqa: FBT001
    error = provider_failure(status, title="Fake", model="m")

    assert (error.code, error.is_transient) == (code, is_transient)


def test_a_spent_credit_is_not_transient() -> None:
    error = provider_failure(
        429, title="Fake", model="m", reasons=["insufficient_quota"], retry_after=1.0
    )

    assert (error.code, error.is_transient) == ("provider_auth", False)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"type": "overloaded_error"}, 500),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"code": 7, "type": "invalid_request_error"}, 400),
        ({}, 500),
    ],
)
def test_maps_an_error_object_to_a_status(
    error: dict[str, object], status: int
) -> None:
    assert status_of(error) == status


def test_keeps_only_identifiers_of_an_error() -> None:
    error = {
        "message": "you said: my secret",
        "code": "my secret, said twice",
        "type": "sk-very-secret",
        "param": "temperature",
    }

    assert identifiers(error, secret="sk-very-secret") == ["temperature"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "999999"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_reads_the_wait_that_a_provider_asks_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(headers) == seconds


def test_reads_a_wait_given_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)

    seconds = retry_after_seconds({"retry-after": format_datetime(moment, usegmt=True)})

    assert seconds is not None
    assert 55 < seconds <= 60
