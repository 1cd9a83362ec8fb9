from collections.abc import Sequence
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.models import F, QuerySet
from django.db.models.functions import Upper
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from pytest_django import DjangoAssertNumQueries

from agentarium.accounts.models import ApiToken, User
from agentarium.accounts.tests.factories import ApiTokenFactory, UserFactory
from agentarium.db import compiled_query
from agentarium.db.compiled_query import CompiledQuery


class Names:
    """Lists the names of users, and counts how many querysets it builds."""

    def __init__(self) -> None:
        self.built = 0
        self.query = CompiledQuery(self._make)

    def _make(self, users: QuerySet[User], size: int) -> Any:
        self.built += 1
        return users.values("username").order_by("username")[:size]

    def of(self, users: QuerySet[User], size: int = 10) -> list[str]:
        return [row["username"] for row in self.query.run(users, size)]


@pytest.fixture
def names(db: None) -> Names:
    for name in ("anna", "bert", "cleo"):
        UserFactory.create(username=name, email=f"{name}@example.com")
    return Names()


class TestRun:
    def test_one_shape_serves_different_values(self, names: Names) -> None:
        first = names.of(User.objects.filter(username="anna"))
        second = names.of(User.objects.filter(username="bert"))

        assert (first, second) == (["anna"], ["bert"])
        assert names.built == 1

    @pytest.mark.parametrize(
        ("users", "found"),
        [
            (User.objects.filter(username__in=["anna", "cleo"]), ["anna", "cleo"]),
            (User.objects.filter(username__gte="bert"), ["bert", "cleo"]),
            (User.objects.exclude(username="bert"), ["anna", "cleo"]),
            (User.objects.filter(last_login=None, username="cleo"), ["cleo"]),
            (User.objects.filter(username="anna", email="bert@example.com"), []),
            (User.objects.filter(api_tokens__name="key"), []),
            (User.objects.filter(username__in=[]), []),
            (User.objects.all(), ["anna", "bert", "cleo"]),
        ],
    )
    def test_other_conditions_are_another_shape(
        self, names: Names, users: QuerySet[User], found: list[str]
    ) -> None:
        names.of(User.objects.filter(username="anna"))

        assert names.of(users) == found
        assert names.of(users.all()) == found
        assert names.query.count(users, 10) == len(found)
        assert names.query.count(users, 2) == min(len(found), 2)

    def test_another_size_is_another_shape(self, names: Names) -> None:
        assert names.of(User.objects.all(), size=1) == ["anna"]
        assert names.of(User.objects.all(), size=2) == ["anna", "bert"]

    def test_queries_the_database_each_time(
        self, names: Names, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        users = User.objects.filter(username="anna")

        with django_assert_num_queries(2):
            names.of(users)
            names.of(users)

    def test_clears_the_cache_when_there_are_too_many_shapes(
        self, names: Names, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compiled_query, "MAX_SHAPES", 2)
        users = User.objects.all()

        for size in (1, 2, 3, 1):
            names.of(users, size)

        assert names.built == 4

    def test_keeps_values_of_columns_apart_from_values_of_conditions(
        self, names: Names
    ) -> None:
        query = CompiledQuery(
            lambda users, size: users.values(
                "username", mark=Upper(F("first_name"))
            ).order_by("username")[:size]
        )
        anna, cleo = (User.objects.filter(username=name) for name in ("anna", "cleo"))
        anna.update(first_name="a%s")

        assert query.run(anna, 1) == [{"username": "anna", "mark": "A%S"}]
        assert query.run(cleo, 1) == [{"username": "cleo", "mark": ""}]

    def test_returns_objects_with_their_joined_objects(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        token = ApiTokenFactory.create(owner=alice, name="mine")
        ApiTokenFactory.create(name="another's")
        query = CompiledQuery(
            lambda tokens: tokens.select_related("owner").defer("owner__password")
        )

        with django_assert_num_queries(1):
            (found,) = query.run(ApiToken.objects.visible_to(alice))
            owner = found.owner.username

        assert (found, owner) == (token, "alice")
        assert found.created_at == token.created_at
        assert found.owner.get_deferred_fields() == {"password"}

    def test_refuses_conditions_in_two_places(self, names: Names) -> None:
        query = CompiledQuery(lambda users: users.union(users).values("username"))

        with pytest.raises(ImproperlyConfigured):
            query.run(User.objects.filter(username="anna"))

    def test_refuses_objects_with_annotations(self, names: Names) -> None:
        query = CompiledQuery(lambda users: users.annotate(mark=Upper("username")))

        with pytest.raises(ImproperlyConfigured):
            query.run(User.objects.filter(username="anna"))


class TestFind:
    def test_finds_the_row_with_these_values(
        self, alice: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        token = ApiTokenFactory.create(owner=alice)
        query = CompiledQuery(lambda: ApiToken.objects.select_related("owner"))

        with django_assert_num_queries(1):
            found = query.find(owner=alice.pk, id=str(token.pk))
            assert found is not None
            assert found.owner == alice

        assert found == token
        assert query.find(owner=alice.pk, id=token.pk + 1) is None
        assert query.find(secret_hash=token.secret_hash) == token

    @pytest.mark.parametrize("number", [2**63, -(2**64), 10**30])
    def test_finds_nothing_for_a_number_that_cannot_be_stored(
        self, alice: User, number: int
    ) -> None:
        assert CompiledQuery(User.objects.all).find(id=number) is None


class TestSelect:
    def test_returns_the_rows_of_hand_written_sql(self, names: Names) -> None:
        query = CompiledQuery(User.objects.all)

        found = query.select(" WHERE username > %s ORDER BY username DESC", ["anna"])

        assert [user.username for user in found] == ["cleo", "bert"]


@pytest.mark.django_db(transaction=True)
def test_each_thread_compiles_a_query_of_its_own(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Compiling modifies the query for a while: two threads would corrupt each other's SQL.
    compiled: list[Query] = []
    as_sql = SQLCompiler.as_sql

    def recording_as_sql(compiler: SQLCompiler, *args: Any, **kwargs: Any) -> Any:
        compiled.append(compiler.query)
        return as_sql(compiler, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, "as_sql", recording_as_sql)
    query = CompiledQuery(User.objects.all)
    found: list[User | None] = []

    def find() -> None:
        found.append(query.find(username="alice"))
        connections.close_all()

    threads: Sequence[Thread] = (Thread(target=find), Thread(target=find))
    for thread in threads:
        thread.start()
        thread.join()

    assert found == [alice, alice]
    first, second = compiled
    assert first is not second
