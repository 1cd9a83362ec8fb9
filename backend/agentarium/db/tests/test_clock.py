from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import functions
from django.utils import timezone
from structlog.testing import capture_logs

from agentarium.db import clock
from agentarium.db.clock import DatabaseClock, Now, UpdatedAtField

User = get_user_model()


@pytest.mark.django_db
def test_a_time_from_the_databases_clock_equals_itself_as_a_parameter() -> None:
    User.objects.create(username="alice")
    User.objects.update(last_login=Now())

    moment = User.objects.get().last_login

    assert User.objects.filter(last_login=moment).exists()
    assert User.objects.filter(last_login__gte=moment).exists()
    assert not User.objects.filter(last_login__lt=moment).exists()


def test_every_default_time_uses_it() -> None:
    defaults: list[Any] = [
        field.db_default
        for model in apps.get_models()
        if model.__module__.startswith("agentarium.")
        for field in model._meta.local_fields
        if isinstance(getattr(field, "db_default", None), functions.Now)
    ]

    assert {type(default) for default in defaults} == {Now}


class TestNow:
    @pytest.mark.django_db
    def test_is_the_databases_time_whatever_the_machines_clock_says(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timezone, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))

        before = _database_time()
        now = clock.now()
        after = _database_time()

        tolerance = timedelta(milliseconds=100)
        assert before - tolerance <= now <= after + tolerance

    @pytest.mark.django_db
    def test_takes_no_query(self, django_assert_num_queries: Any) -> None:
        clock.now()

        with django_assert_num_queries(0):
            clock.now()

    @pytest.mark.django_db
    def test_is_what_a_field_is_updated_with(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timezone, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
        field, row = UpdatedAtField(), User()
        field.set_attributes_from_name("last_login")

        stored = field.pre_save(row, False)

        assert row.last_login == stored
        assert abs(stored - _database_time()) < timedelta(minutes=1)


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class TestDatabaseClock:
    @pytest.fixture
    def monotonic(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """The monotonic seconds, which the test sets."""
        seconds = [1000.0]
        monkeypatch.setattr(clock, "monotonic_seconds", lambda: seconds[0])
        monkeypatch.setattr(
            clock, "machine_seconds", lambda: NOON.timestamp() + seconds[0] - 1000
        )
        return seconds

    def test_goes_on_between_measurements(self, monotonic: list[float]) -> None:
        estimate = DatabaseClock()
        estimate.observe(NOON, asked_at=1000, answered_at=1000)

        monotonic[0] += 3600

        assert estimate.now() == NOON + timedelta(hours=1)

    def test_a_slow_answer_does_not_make_it_worse(self, monotonic: list[float]) -> None:
        estimate = DatabaseClock()
        estimate.observe(NOON, asked_at=1000, answered_at=1000)

        told = NOON + timedelta(seconds=1)
        estimate.observe(told, asked_at=1000.5, answered_at=1020)

        assert estimate.now() == NOON
        assert estimate.set_at < 0

    @pytest.mark.parametrize("days", [100, -100])
    def test_follows_a_clock_that_was_set(
        self, monotonic: list[float], days: int
    ) -> None:
        estimate = DatabaseClock()
        estimate.observe(NOON, asked_at=1000, answered_at=1000)

        with capture_logs() as logs:
            moved = NOON + timedelta(days=days)
            estimate.observe(moved, asked_at=1000, answered_at=1000)

        assert abs(estimate.now() - moved) < timedelta(milliseconds=10)
        assert estimate.set_at == 1000
        assert logs[0]["event"] == "database.clock_was_set"

    def test_logs_once_that_the_machines_clock_is_wrong_and_that_it_no_longer_is(
        self, monotonic: list[float]
    ) -> None:
        estimate = DatabaseClock()
        events = []

        for ahead in (0, 31, 31, 29, 0, -31):
            with capture_logs() as logs:
                told = NOON - timedelta(seconds=ahead)
                estimate.observe(told, asked_at=1000, answered_at=1000)
            events.append([log["event"] for log in logs if "machine" in log["event"]])

        wrong, right = ["machine.clock_is_wrong"], ["machine.clock_is_right"]
        assert events == [[], wrong, [], right, [], wrong]


def _database_time() -> Any:
    User.objects.update_or_create(username="clock", defaults={"last_login": Now()})
    return User.objects.get(username="clock").last_login
