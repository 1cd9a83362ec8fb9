from typing import Any

import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.core import prepared
from agentarium.core.prepared import PreparedLists


class Making:
    """Makes the querysets of a list of users, and counts how often."""

    def __init__(self) -> None:
        self.lists = PreparedLists()
        self.made = 0

    def names(self, users: QuerySet[User], size: int = 10) -> list[str]:
        def make() -> QuerySet[Any]:
            self.made += 1
            return users.values("username").order_by("username")[:size]

        return [row["username"] for row in self.lists.rows(users, size, make)]


@pytest.fixture
def making(db: None) -> Making:
    for name in ("anna", "bert", "cleo"):
        UserFactory.create(username=name, email=f"{name}@example.com")
    return Making()


def test_the_same_form_shows_each_time_what_is_asked_for(making: Making) -> None:
    first = making.names(User.objects.filter(username="anna"))
    second = making.names(User.objects.filter(username="bert"))

    assert (first, second) == (["anna"], ["bert"])
    assert making.made == 1


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
def test_other_conditions_are_another_form(
    making: Making, users: QuerySet[User], found: list[str]
) -> None:
    making.names(User.objects.filter(username="anna"))

    assert making.names(users) == found
    assert making.names(users.all()) == found
    assert making.lists.count(users, 2) == min(len(found), 2)


def test_a_page_of_another_size_is_another_form(making: Making) -> None:
    assert making.names(User.objects.all(), size=1) == ["anna"]
    assert making.names(User.objects.all(), size=2) == ["anna", "bert"]


def test_asks_the_database_each_time(
    making: Making, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    users = User.objects.filter(username="anna")

    with django_assert_num_queries(2):
        making.names(users)
        making.names(users)


def test_forgets_forms_when_there_are_many(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "MAX_FORMS", 2)
    users = User.objects.all()

    for size in (1, 2, 3, 1):
        making.names(users, size)

    assert making.made == 4
