"""Connections to PostgreSQL that stay open and carry nothing any more."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction
from django.test import Client

from agentarium.db import reachability
from agentarium.db.answer_limit import NO_LIMIT, answer_limit, answers_within
from agentarium.db.backends.postgresql import connection as limited
from agentarium.db.prepared_statements import execute_many, prepared_cursor
from agentarium.db.threads import DatabaseThreads
from agentarium.tests.silent_proxy import SilentProxy, database_behind_proxy

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 0.3


@pytest.fixture(autouse=True)
def _short_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "CANCEL_SECONDS", 0.3)


@pytest.fixture
def proxy() -> Iterator[SilentProxy]:
    with database_behind_proxy() as proxy:
        yield proxy


@pytest.fixture
def silences(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    report = [lambda: found.append(time.monotonic())]
    monkeypatch.setattr(reachability, "_on_silence", report)
    return found


def select() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def select_prepared() -> None:
    with prepared_cursor() as cursor:
        cursor.execute("SELECT %s::int", [1])


def execute_several() -> None:
    execute_many("SELECT %s::int", [[1], [2]])


class TestSilentConnection:
    @pytest.mark.parametrize("use", [select, select_prepared, execute_several])
    def test_ends_with_an_error_and_is_replaced(
        self, proxy: SilentProxy, silences: list[float], use: Callable[[], None]
    ) -> None:
        use()
        proxy.silence()

        with answers_within(LIMIT):
            with pytest.raises(OperationalError, match=r"did not answer within 0\.3 s"):
                use()
            connection.close()
            use()

        assert len(silences) == 1

    def test_a_commit_ends_with_an_error(self, proxy: SilentProxy) -> None:
        def commit_in_silence() -> None:
            with transaction.atomic():
                select()
                proxy.silence()

        with answers_within(LIMIT):
            with pytest.raises(OperationalError):
                commit_in_silence()
            assert select() == 1

    def test_a_rollback_ends(self, proxy: SilentProxy) -> None:
        def roll_back_in_silence() -> None:
            with transaction.atomic():
                select()
                proxy.silence()
                raise ZeroDivisionError

        with answers_within(LIMIT):
            with pytest.raises(ZeroDivisionError):
                roll_back_in_silence()
            assert select() == 1

    async def test_the_others_in_the_pool_are_not_tried(
        self, proxy: SilentProxy, silences: list[float]
    ) -> None:
        threads = DatabaseThreads("test", size=4, answer_seconds=LIMIT)
        await asyncio.gather(*(threads.run(_select_slowly) for _ in range(4)))
        proxy.silence()

        with pytest.raises(OperationalError):
            await threads.run(select)
        for _ in range(6):
            assert await threads.run(select) == 1

        assert len(silences) == 1
        await asyncio.to_thread(threads.close)

    def test_a_request_is_answered_with_503(self, proxy: SilentProxy) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(get_user_model().objects.create(username="ann"))
        client.get("/api/tasks/")
        proxy.silence()

        with answers_within(LIMIT):
            response = client.get("/api/tasks/")
            # As the server does after each request.
            connection.close()
            again = client.get("/api/tasks/")

        assert (response.status_code, again.status_code) == (503, 200)
        assert response.headers["Retry-After"] == "5"


def _select_slowly() -> None:
    """Long enough that each of four threads takes a connection of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1)")


class TestSilentServer:
    def test_connecting_ends_and_works_afterwards(
        self, proxy: SilentProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = connection.settings_dict["OPTIONS"]
        monkeypatch.setitem(options, "connect_timeout", 2)
        monkeypatch.setitem(options["pool"], "timeout", 3)
        proxy.silence(new_ones_too=True)
        with pytest.raises(OperationalError):
            select()
        is_refusing = reachability.is_server_refusing()
        proxy.end_silence()

        assert select() == 1
        assert not is_refusing

    def test_knows_a_refusal(
        self, proxy: SilentProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(connection.settings_dict["OPTIONS"]["pool"], "timeout", 1)
        proxy.close()
        with pytest.raises(OperationalError):
            select()

        assert reachability.is_server_refusing()


class TestSlowServer:
    def test_a_slow_statement_is_cancelled_and_its_connection_kept(
        self, proxy: SilentProxy, silences: list[float]
    ) -> None:
        select()
        raw = connection.connection
        with answers_within(LIMIT), pytest.raises(OperationalError, match="cancel"):
            _sleep(60)

        assert select() == 1
        assert connection.connection is raw
        assert silences == []

    def test_nothing_is_cut_without_a_limit(self, proxy: SilentProxy) -> None:
        assert answer_limit() == NO_LIMIT
        _sleep(2 * LIMIT)

    async def test_the_next_try_may_take_longer(self, proxy: SilentProxy) -> None:
        threads = DatabaseThreads("test", answer_seconds=LIMIT)
        limits = []
        for seconds in (60, 60, 0, 0):
            try:
                limits.append(await threads.run(_sleep, seconds))
            except OperationalError:
                limits.append(0)
        await asyncio.to_thread(threads.close)

        assert limits == [0, 0, 4 * LIMIT, LIMIT]


def _sleep(seconds: float) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])
    return answer_limit()
