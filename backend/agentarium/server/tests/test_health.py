"""Probes, answered by `Site` whatever its threads and the database do."""

import errno
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.utils import DatabaseError, OperationalError
from pytest_django import Settings

from agentarium.core.models import SecretKeyCheck
from agentarium.db.private_connection import hang_up, use_private_connection
from agentarium.server import background_check, health
from agentarium.server.asgi import Site
from agentarium.server.background_check import FAILED, SILENT, BackgroundCheck
from agentarium.server.health import (
    Probes,
    ReadinessChecks,
    database_problem,
    folder_problem,
    write_problem,
)
from agentarium.server.request_body import Bodies
from agentarium.server.tests.test_asgi import Client, body, echo, empty_lifespan, scope
from agentarium.tests.eventually import eventually_sync

FINE: Callable[[], str] = str


class Hanging:
    """A check that hangs until it is released, or only once with `later`."""

    def __init__(self) -> None:
        self.calls = 0
        self.later = ""
        self.go_on = threading.Event()

    def __call__(self) -> str:
        self.calls += 1
        if self.later and self.calls > 1:
            return self.later
        self.go_on.wait(60)
        return ""


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    check = Hanging()
    yield check
    check.go_on.set()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the checks; those that are not given find nothing."""

    def replace(**given: Callable[[], str]) -> None:
        for name in ("database", "write", "folder", "broker"):
            monkeypatch.setattr(health, f"{name}_problem", given.get(name, FINE))

    return replace


def site(runner_problem: Callable[[], str] = FINE) -> Site:
    return Site(
        echo,
        lifespan=empty_lifespan,
        threads=1,
        bodies=Bodies(folder=Path(), limit_of=lambda _: 1),
        probes=Probes(runner_problem),
    )


async def probe(site: Site, path: str, method: str = "GET") -> tuple[int, Any]:
    client = Client(body())
    await site(scope(method, path=path), client.received.get, client.send)
    return client.status, json.loads(client.body)


class TestProbes:
    async def test_are_answered_while_all_threads_are_busy(
        self, checks: Callable[..., None], hanging: Hanging
    ) -> None:
        checks()
        busy = site()
        busy._threads.pool.submit(hanging)

        assert await probe(busy, "/healthz") == (200, {"status": "ok"})
        assert (await probe(busy, "/readyz"))[0] == 200

    async def test_a_silent_database_is_reported_within_a_second(
        self, checks: Callable[..., None], hanging: Hanging
    ) -> None:
        checks(database=hanging)
        waiting = site()
        began_at = time.monotonic()

        answers = [await probe(waiting, "/readyz") for _ in range(2)]
        alive = await probe(waiting, "/healthz")

        assert time.monotonic() - began_at < 2
        assert [status for status, _ in answers] == [503, 503]
        assert answers[0][1]["database"] == "does not answer"
        assert alive[0] == 200
        assert hanging.calls == 1

    async def test_a_silent_broker_does_not_count(
        self, checks: Callable[..., None], hanging: Hanging
    ) -> None:
        checks(broker=hanging)

        status, answer = await probe(site(), "/readyz")

        assert (status, answer["broker"]) == (200, "does not answer")

    async def test_a_write_that_waits_is_no_failure_yet(
        self, checks: Callable[..., None], hanging: Hanging
    ) -> None:
        checks(write=hanging)

        assert (await probe(site(), "/readyz"))[0] == 200

    @pytest.mark.parametrize(
        ("part", "field"),
        [("database", "database"), ("write", "database"), ("folder", "data_folder")],
    )
    async def test_is_not_ready_with_a_problem(
        self, part: str, field: str, checks: Callable[..., None]
    ) -> None:
        checks(**{part: lambda: "cannot be written"})

        status, answer = await probe(site(), "/readyz")

        assert (status, answer["status"]) == (503, "unavailable")
        assert answer[field] == "cannot be written"

    async def test_is_not_alive_without_its_runner(self) -> None:
        answer = await probe(site(lambda: "has stopped"), "/healthz")

        assert answer == (503, {"status": "unavailable", "runner": "has stopped"})

    async def test_take_no_other_methods(self) -> None:
        status, answer = await probe(site(), "/healthz", "POST")

        assert (status, answer["code"]) == (405, "method_not_allowed")

    def test_are_answered_without_an_event_loop(
        self, checks: Callable[..., None], hanging: Hanging
    ) -> None:
        checks(database=hanging)

        answer = ReadinessChecks().read_in_thread()

        assert answer["database"] == "does not answer"


class TestBackgroundCheck:
    def test_runs_once_for_all_who_ask_within_its_age(self, hanging: Hanging) -> None:
        check = BackgroundCheck(hanging, max_age=60)

        runs = [check.begin() for _ in range(5)]
        hanging.go_on.set()
        wait(runs, 10)
        runs.append(check.begin())

        assert hanging.calls == 1
        assert check.problem == ""

    def test_runs_again_after_that(self, hanging: Hanging) -> None:
        hanging.go_on.set()
        check = BackgroundCheck(hanging, max_age=0)

        for _ in range(2):
            wait([check.begin()], 10)

        assert hanging.calls == 2

    def test_a_check_that_raises_is_a_problem(self) -> None:
        check = BackgroundCheck(lambda: str(1 / 0), max_age=60)

        wait([check.begin()], 10)

        assert check.problem == FAILED

    def test_another_thread_goes_on_if_one_hangs(
        self, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(background_check, "GIVE_UP_SECONDS", 0)
        hanging.later = "found"
        check = BackgroundCheck(hanging, max_age=60)
        first = check.begin()
        eventually_sync("the first run", lambda: hanging.calls)
        assert check.problem == SILENT

        wait([check.begin()], 10)
        hanging.go_on.set()
        wait([first], 10)

        assert check.problem == "found"


@pytest.mark.django_db
class TestChecks:
    def test_find_nothing(self, settings: Settings, tmp_path: Path) -> None:
        settings.DATA = tmp_path

        assert (database_problem(), write_problem(), folder_problem()) == ("", "", "")
        assert list(tmp_path.iterdir()) == []

    def test_a_database_that_refuses_writes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OperationalError("database or disk is full")

        monkeypatch.setattr(SecretKeyCheck.objects, "filter", refuse)

        assert write_problem() == "cannot be written"

    def test_a_full_data_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(**_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)

        assert folder_problem() == "cannot be written: No space left on device"


@pytest.mark.django_db(transaction=True)
class TestPrivateConnection:
    def in_thread(self, function: Callable[[], Any]) -> Any:
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(function()))
        thread.start()
        thread.join(30)
        return results[0]

    def test_is_not_of_the_pool(self) -> None:
        def use() -> tuple[bool, object]:
            own = use_private_connection()
            found = database_problem()
            own.close()
            return connections["default"] is own, (found, own.settings_dict["OPTIONS"])

        is_used, (found, options) = self.in_thread(use)

        assert is_used
        assert found == ""
        assert "pool" not in options

    def test_can_be_hung_up_by_another_thread(self) -> None:
        """On SQLite there is no server to wait for, and nothing happens."""
        hung_up = {
            "postgresql": ("SELECT pg_sleep(60)", DatabaseError),
            "sqlite": ("SELECT no_such_column", DatabaseError),
        }
        begun = threading.Event()
        wrappers: list[Any] = []

        def work() -> bool:
            own = use_private_connection()
            own.ensure_connection()
            wrappers.append(own)
            statement, expected = hung_up[own.vendor]
            begun.set()
            try:
                with pytest.raises(expected), own.cursor() as cursor:
                    cursor.execute(statement)
            finally:
                own.close()
            return True

        waiting = threading.Thread(target=work)
        waiting.start()
        begun.wait(30)
        hang_up(wrappers[0])
        waiting.join(30)

        assert not waiting.is_alive()
