import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import connection
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.db.keyset import beyond, keys_of, ordered
from agentarium.http import pagination

pytestmark = [
    pytest.mark.urls("agentarium.http.tests.probes"),
    pytest.mark.django_db,
]
START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERINGS = [
    "action_time",
    "-action_time",
    "object_repr",
    "-object_repr,action_time",
    "object_id",
    "-object_id",
    "object_id,-object_repr",
    "user__username",
    "-user__username,object_repr",
]


@pytest.fixture
def entries(alice: Any, stranger: Any) -> list[LogEntry]:
    """Twelve entries with many ties and nulls."""
    users, names, ids = [alice, stranger], ["a", "b", "c"], [None, "1"]
    return LogEntry.objects.bulk_create(
        LogEntry(
            user=user,
            object_repr=name,
            object_id=object_id,
            action_flag=ADDITION,
            action_time=START + timedelta(microseconds=number // 2),
        )
        for number, (user, name, object_id) in enumerate(product(users, names, ids))
    )


def add_entries(user: Any, count: int) -> None:
    LogEntry.objects.bulk_create(
        LogEntry(user=user, object_repr=str(number), action_flag=ADDITION)
        for number in range(count)
    )


def ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["results"]]


def walk(api: APIClient, url: str | None, link: str = "next") -> list[dict[str, Any]]:
    """The page at `url`, and those that the links lead to."""
    pages: list[dict[str, Any]] = []
    while url:
        pages.append(api.get(url).json())
        url = pages[-1][link]
    return pages


def flat(pages: Sequence[dict[str, Any]]) -> list[int]:
    return [each for page in pages for each in ids(page)]


class TestLinks:
    @pytest.mark.parametrize("ordering", ORDERINGS)
    @pytest.mark.parametrize("limit", [1, 3, 5])
    def test_visit_each_row_once_and_in_order(
        self,
        anonymous_api: APIClient,
        entries: list[LogEntry],
        ordering: str,
        limit: int,
    ) -> None:
        url = f"/entries/?ordering={ordering}"
        whole = ids(anonymous_api.get(f"{url}&limit=100").json())

        pages = walk(anonymous_api, f"{url}&limit={limit}")

        assert flat(pages) == whole
        assert sorted(whole) == [entry.pk for entry in entries]

    @pytest.mark.parametrize("ordering", ORDERINGS)
    def test_lead_back_through_the_same_pages(
        self, anonymous_api: APIClient, entries: list[LogEntry], ordering: str
    ) -> None:
        pages = walk(anonymous_api, f"/entries/?ordering={ordering}&limit=4")

        back = walk(anonymous_api, pages[-1]["previous"], "previous")

        assert [ids(page) for page in back] == [ids(page) for page in pages[-2::-1]]
        assert back[0]["next"]

    def test_do_not_shift_when_rows_are_added(
        self, anonymous_api: APIClient, alice: Any, entries: list[LogEntry]
    ) -> None:
        first = anonymous_api.get("/entries/?limit=5").json()
        add_entries(alice, 7)

        rest = walk(anonymous_api, first["next"])

        assert flat([first, *rest]) == ids(
            anonymous_api.get("/entries/?limit=100&offset=7").json()
        )

    def test_continue_from_an_offset(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        whole = ids(anonymous_api.get("/entries/").json())

        page = anonymous_api.get("/entries/?limit=3&offset=4").json()

        assert ids(page) == whole[4:7]
        assert ids(anonymous_api.get(page["next"]).json()) == whole[7:10]
        assert ids(anonymous_api.get(page["previous"]).json()) == whole[1:4]

    def test_work_for_rows_that_are_dicts(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        url = "/rows/?ordering=-user__username,action_time&limit=5"

        pages = walk(anonymous_api, url)

        expected = LogEntry.objects.order_by("-user__username", "action_time", "-id")
        assert [each for page in pages for each in page["results"]] == list(
            expected.values_list("id", flat=True)
        )

    def test_keep_the_filters(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        pages = walk(anonymous_api, "/entries/?search=b&limit=1")

        assert [row["object_repr"] for page in pages for row in page["results"]] == [
            "b"
        ] * 4

    def test_lead_from_an_empty_page_to_the_start(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        first = anonymous_api.get("/entries/?limit=11").json()
        LogEntry.objects.exclude(pk__in=ids(first)).delete()

        page = anonymous_api.get(first["next"]).json()

        assert page["results"] == []
        assert page["next"] is None
        assert ids(anonymous_api.get(page["previous"]).json()) == ids(first)


class TestCost:
    def test_needs_one_query_when_all_rows_fit(
        self,
        anonymous_api: APIClient,
        entries: list[LogEntry],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # 1. the page, whose end gives the count
        with django_assert_num_queries(1):
            page = anonymous_api.get("/entries/?limit=12").json()

        assert page["count"] == 12
        assert page["next"] is None
        assert page["previous"] is None

    def test_counts_the_last_page_by_its_offset(
        self,
        anonymous_api: APIClient,
        entries: list[LogEntry],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # 1. the page
        with django_assert_num_queries(1):
            page = anonymous_api.get("/entries/?limit=5&offset=10").json()

        assert page["count"] == 12

    @pytest.mark.parametrize("ordering", ["-action_time", "user__username"])
    def test_needs_two_queries_in_the_middle(
        self,
        anonymous_api: APIClient,
        entries: list[LogEntry],
        django_assert_num_queries: DjangoAssertNumQueries,
        ordering: str,
    ) -> None:
        url = f"/entries/?limit=3&ordering={ordering}"
        following = anonymous_api.get(url).json()["next"]

        # 1. the page, 2. the count
        with django_assert_num_queries(2):
            page = anonymous_api.get(following).json()

        assert page["count"] == 12
        assert page["count_is_exact"] is True

    def test_counts_an_offset_beyond_the_end(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        page = anonymous_api.get("/entries/?offset=500").json()

        assert page["count"] == 12
        assert page["results"] == []

    def test_stops_counting_at_the_limit(
        self,
        anonymous_api: APIClient,
        entries: list[LogEntry],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(pagination, "COUNTED_ROWS", 10)

        page = anonymous_api.get("/entries/?limit=3").json()

        assert page["count"] == 10
        assert page["count_is_exact"] is False

    def test_seeks_to_the_cursor_in_the_index(self, entries: list[LogEntry]) -> None:
        """The plan is an index search without a sort."""
        table = LogEntry._meta.db_table
        # PostgreSQL cannot build an index while deferred constraints are pending.
        connection.check_constraints()
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE INDEX by_time ON {table} (user_id, action_time DESC, id DESC)"
            )
        user_id, last = entries[0].user_id, entries[-1]
        queryset = LogEntry.objects.filter(user_id=user_id)
        queryset = queryset.order_by("-action_time", "-id")
        keys = keys_of(queryset)
        values = [last.action_time, last.pk]

        page = ordered(queryset, keys).filter(beyond(keys, values)).only("id")
        plan = plan_of(page[:20])

        assert "by_time" in plan
        assert "B-TREE" not in plan
        assert "Sort" not in plan
        assert re.search(
            r"Index Cond: .*ROW\(action_time|user_id=\? AND action_time<\?", plan
        )


def plan_of(queryset: QuerySet[LogEntry]) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # With so few rows PostgreSQL would not use an index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    return queryset.explain()


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "-1"),
            ("limit", "x"),
            ("limit", "1.5"),
            ("limit", "²"),
            ("limit", "9" * 5000),
            ("offset", "-1"),
            ("offset", "x"),
            ("offset", "9" * 30),
        ],
    )
    def test_names_a_bad_number(
        self, anonymous_api: APIClient, name: str, value: str
    ) -> None:
        response = anonymous_api.get("/entries/", {name: value})

        assert response.status_code == 400
        assert list(response.json()["errors"]) == [name]

    def test_refuses_a_forged_cursor(self, anonymous_api: APIClient) -> None:
        response = anonymous_api.get("/entries/?cursor=WzEsMl0:abc:def")

        assert response.status_code == 400
        assert response.json()["code"] == "invalid_cursor"

    def test_refuses_a_modified_cursor(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        link = anonymous_api.get("/entries/?limit=3").json()["next"]

        response = anonymous_api.get(link.replace("cursor=", "cursor=W"))

        assert response.json()["code"] == "invalid_cursor"

    def test_refuses_a_cursor_of_another_ordering(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        link = anonymous_api.get("/entries/?limit=3").json()["next"]

        response = anonymous_api.get(f"{link}&ordering=action_time")

        assert response.status_code == 400
        assert response.json()["code"] == "invalid_cursor"

    def test_refuses_a_cursor_with_an_offset(
        self, anonymous_api: APIClient, entries: list[LogEntry]
    ) -> None:
        link = anonymous_api.get("/entries/?limit=3").json()["next"]

        response = anonymous_api.get(f"{link}&offset=3")

        assert response.status_code == 400
        assert list(response.json()["errors"]) == ["offset"]
