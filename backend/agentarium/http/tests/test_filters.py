from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from rest_framework.test import APIClient

pytestmark = [
    pytest.mark.urls("agentarium.http.tests.probes"),
    pytest.mark.django_db,
]


@pytest.fixture
def entries(alice: Any) -> list[LogEntry]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    names = ["red apple", "green apple", "red brick"]
    return LogEntry.objects.bulk_create(
        LogEntry(
            user=alice,
            object_repr=name,
            action_flag=ADDITION,
            action_time=start + timedelta(days=day),
        )
        for day, name in enumerate(names)
    )


def names(api: APIClient, query: str) -> list[str]:
    response = api.get(f"/entries/?{query}")
    assert response.status_code == 200
    return [row["object_repr"] for row in response.json()["results"]]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("colour=red", "colour", "unknown_parameter"),
        ("action_time=2026-01-01", "action_time", "unknown_parameter"),
        ("action_flag=99", "action_flag", "invalid_choice"),
        ("action_flag=x", "action_flag", "invalid_choice"),
        ("action_time__gte=yesterday", "action_time__gte", "invalid"),
        ("ordering=password", "ordering", "invalid_choice"),
        ("ordering=action_time,-action_time", "ordering", "invalid_choice"),
        ("ordering=action_time,", "ordering", "invalid_choice"),
        ("search=%00", "search", "null_characters_not_allowed"),
        (f"search={'a' * 201}", "search", "max_length"),
    ],
)
def test_names_a_parameter_that_is_not_valid(
    anonymous_api: APIClient, query: str, field: str, code: str
) -> None:
    response = anonymous_api.get(f"/entries/?{query}")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert response.json()["errors"][field][0]["code"] == code


def test_filters_by_valid_parameters(
    anonymous_api: APIClient, entries: list[LogEntry]
) -> None:
    query = f"action_flag={ADDITION}&action_time__gte=2026-01-02T00:00:00Z&format=json"

    assert names(anonymous_api, query) == ["red brick", "green apple"]


def test_search_requires_every_word(
    anonymous_api: APIClient, entries: list[LogEntry]
) -> None:
    assert names(anonymous_api, "search=APPLE+red") == ["red apple"]


def test_orders_ties_by_the_views_own_order(
    anonymous_api: APIClient, alice: Any, entries: list[LogEntry]
) -> None:
    LogEntry.objects.update(object_repr="same")

    response = anonymous_api.get("/entries/?ordering=object_repr")

    assert [row["id"] for row in response.json()["results"]] == [
        entry.pk for entry in reversed(entries)
    ]
