"""Open streams end soon after their callers have lost access, and are limited in number."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connections
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from agentarium.accounts.models import ApiToken, User
from agentarium.accounts.services import reset_password, revoke_api_token
from agentarium.accounts.tests.factories import ApiTokenFactory
from agentarium.db.threads import DatabaseThreads
from agentarium.streaming import access
from agentarium.streaming.access import Access, AccessWatch, find_lost
from agentarium.streaming.tests.frames import frames_of
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.tests.eventually import eventually

pytestmark = pytest.mark.django_db(transaction=True)

FEED = "/api/events/"
EXPORT = "/api/export/"
NEW_PASSWORD = "another horse, same battery"


@pytest.fixture
def task(alice: User) -> AgentTask:
    return TaskFactory.create(agent__owner=alice, running=True)


@pytest.fixture
def token(alice: User) -> ApiToken:
    return ApiTokenFactory.create(owner=alice)


@pytest.fixture
def other_token(alice: User) -> ApiToken:
    return ApiTokenFactory.create(owner=alice)


def events_of(task: AgentTask) -> str:
    return f"/api/tasks/{task.pk}/events/"


def with_bearer(bearer: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {bearer}")
    return client


def with_token(token: ApiToken) -> APIClient:
    secret = f"agt_{token.pk:08x}_{'6' * 64}"
    ApiToken.objects.filter(pk=token.pk).update(secret_hash=ApiToken.hash_of(secret))
    return with_bearer(secret)


def with_session(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def opened(client: APIClient, path: str) -> Access:
    """What is looked at while a response of the client is sent."""
    response: Any = client.get(path)
    assert response.status_code == 200, response.data
    guard: Any = response.take_permit().guard
    found: Access = guard.access
    return found


def code_of(found: Access) -> str:
    """Why the access is lost; empty if it is not."""
    lost = find_lost([found])
    return lost[found].code if lost else ""


class TestLost:
    @pytest.mark.parametrize("path", [FEED, EXPORT])
    def test_nothing_is_lost_without_a_reason(self, alice: User, path: str) -> None:
        assert code_of(opened(with_session(alice), path)) == ""

    def test_by_a_revoked_token(self, task: AgentTask, token: ApiToken) -> None:
        found = opened(with_token(token), events_of(task))
        before = code_of(found)

        revoke_api_token(token)

        assert (before, code_of(found)) == ("", "invalid_token")

    def test_not_by_another_token(
        self, task: AgentTask, token: ApiToken, other_token: ApiToken
    ) -> None:
        found = opened(with_token(token), events_of(task))

        revoke_api_token(other_token)

        assert code_of(found) == ""

    def test_by_a_deleted_token(self, task: AgentTask, token: ApiToken) -> None:
        found = opened(with_token(token), FEED)

        token.delete()

        assert code_of(found) == "invalid_token"

    def test_by_an_expired_token(
        self, token: ApiToken, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token.expires_at = timezone.now() + timedelta(minutes=1)
        token.save()
        found = opened(with_token(token), FEED)

        _later(monkeypatch, minutes=2)

        assert code_of(found) == "token_expired"

    def test_by_an_expired_jwt(
        self, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = opened(with_bearer(str(AccessToken.for_user(alice))), FEED)
        before = code_of(found)

        _later(monkeypatch, minutes=16)

        assert (before, code_of(found)) == ("", "token_expired")

    @pytest.mark.parametrize(
        "sign_in",
        [with_session, lambda user: with_bearer(str(AccessToken.for_user(user)))],
        ids=["session", "jwt"],
    )
    def test_by_a_changed_password(
        self, alice: User, sign_in: Callable[[User], APIClient]
    ) -> None:
        found = opened(sign_in(alice), FEED)

        reset_password(alice, NEW_PASSWORD)

        assert code_of(found) == "password_changed"

    def test_not_by_a_changed_password_for_an_api_token(
        self, alice: User, token: ApiToken
    ) -> None:
        found = opened(with_token(token), FEED)

        reset_password(alice, NEW_PASSWORD)

        assert code_of(found) == ""

    def test_by_signing_out(self, alice: User) -> None:
        client = with_session(alice)
        found = opened(client, FEED)

        client.post("/api/auth/logout/")

        assert code_of(found) == "not_authenticated"

    def test_not_by_signing_out_elsewhere(self, alice: User) -> None:
        elsewhere = with_session(alice)
        found = opened(with_session(alice), FEED)

        elsewhere.post("/api/auth/logout/")

        assert code_of(found) == ""

    def test_by_an_expired_session(self, alice: User) -> None:
        found = opened(with_session(alice), FEED)

        Session.objects.update(expire_date=timezone.now())

        assert code_of(found) == "not_authenticated"

    @pytest.mark.parametrize("path", [FEED, EXPORT])
    def test_by_a_closed_account(self, alice: User, token: ApiToken, path: str) -> None:
        found = opened(with_token(token), path)

        User.objects.filter(pk=alice.pk).update(is_active=False)

        assert code_of(found) == "user_inactive"

    def test_by_a_deleted_account(self, alice: User) -> None:
        found = opened(with_session(alice), FEED)

        alice.delete()

        assert code_of(found) == "user_inactive"

    def test_by_a_task_that_belongs_to_another_user(
        self, task: AgentTask, token: ApiToken, stranger: User
    ) -> None:
        found = opened(with_token(token), events_of(task))

        AgentTask.objects.filter(pk=task.pk).update(owner=stranger)

        assert code_of(found) == "not_found"


def _later(monkeypatch: pytest.MonkeyPatch, *, minutes: int) -> None:
    moment = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr("agentarium.accounts.callers.clock.now", lambda: moment)


def test_takes_four_queries_however_many_streams_a_user_has_open(
    task: AgentTask,
    alice: User,
    token: ApiToken,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client, page = with_token(token), with_session(alice)
    tasks = [TaskFactory.create(agent=task.agent) for _ in range(3)]
    accesses = [
        opened(each, path)
        for each in (client, page)
        for path in (FEED, *map(events_of, tasks))
    ]

    # 1. users 2. tokens 3. sessions 4. her tasks
    with django_assert_num_queries(4):
        assert find_lost(accesses) == {}


class TestWatch:
    @pytest.fixture
    def threads(self) -> Iterator[DatabaseThreads]:
        threads = DatabaseThreads("test")
        yield threads
        threads.close()
        connections.close_all()

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(access, "CHECK_SECONDS", 0.01)

    async def test_a_revoked_stream_gets_the_reason_and_no_other(
        self,
        task: AgentTask,
        token: ApiToken,
        other_token: ApiToken,
        threads: DatabaseThreads,
    ) -> None:
        watch = AccessWatch(threads)
        revoked, kept = await threads.run(self._open, task, token, other_token)
        with watch.watch(revoked) as lost, watch.watch(kept) as still_open:
            await threads.run(revoke_api_token, token)

            (event,) = frames_of(await lost)

            assert (event.type, event.id) == ("stream.closed", "")
            assert event.data == {
                "code": "invalid_token",
                "detail": "The token has been revoked.",
            }
            assert not still_open.done()

    @staticmethod
    def _open(task: AgentTask, *tokens: ApiToken) -> list[Access]:
        return [opened(with_token(each), events_of(task)) for each in tokens]

    async def test_goes_on_after_the_database_was_away(
        self,
        task: AgentTask,
        token: ApiToken,
        threads: DatabaseThreads,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        failures = [OperationalError("gone"), OperationalError("gone")]

        def look(accesses: Any) -> Any:
            if failures:
                raise failures.pop()
            return find_lost(accesses)

        monkeypatch.setattr(access, "find_lost", look)
        (found,) = await threads.run(self._open, task, token)
        with AccessWatch(threads).watch(found) as lost:
            await threads.run(revoke_api_token, token)

            assert b"invalid_token" in await lost

        assert failures == []

    async def test_looks_only_while_something_is_open(
        self, task: AgentTask, token: ApiToken, threads: DatabaseThreads
    ) -> None:
        (found,) = await threads.run(self._open, task, token)
        watch = AccessWatch(threads)
        before = len(asyncio.all_tasks())
        with watch.watch(found):
            with watch.watch(found):
                pass
            during = len(asyncio.all_tasks())

        await eventually(
            "the end of the looking", lambda: len(asyncio.all_tasks()) == before
        )
        assert during == before + 1


class TestLimit:
    @pytest.fixture(autouse=True)
    def _two(self, settings: Settings) -> None:
        settings.MAX_STREAMS_PER_USER = 2

    @pytest.mark.parametrize("last", ["events", FEED, EXPORT])
    def test_one_too_many_is_refused(
        self, api: APIClient, task: AgentTask, last: str
    ) -> None:
        held = [api.get(FEED), api.get(events_of(task))]
        path = events_of(task) if last == "events" else last

        response = api.get(path, headers={"accept": "*/*"})

        assert response.status_code == 429
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Retry-After"] == "10"
        assert response.data["code"] == "too_many_streams"
        assert "2 of your streams" in response.data["detail"]
        assert [each.status_code for each in held] == [200, 200]

    def test_every_token_and_session_of_a_user_counts(
        self, alice: User, token: ApiToken, other_token: ApiToken
    ) -> None:
        clients = [with_token(token), with_token(other_token), with_session(alice)]

        responses = [client.get(FEED) for client in clients]

        assert [each.status_code for each in responses] == [200, 200, 429]

    def test_another_user_is_not_affected(
        self, api: APIClient, stranger_api: APIClient
    ) -> None:
        held = [api.get(FEED), api.get(FEED)]

        assert stranger_api.get(FEED).status_code == 200
        assert len(held) == 2

    def test_a_place_is_free_when_its_response_is_closed(self, api: APIClient) -> None:
        first, second = api.get(FEED), api.get(FEED)
        first.close()

        third = api.get(FEED)

        assert (second.status_code, third.status_code) == (200, 200)

    def test_a_refused_request_takes_no_place(
        self, api: APIClient, task: AgentTask
    ) -> None:
        held = [api.get(FEED)]
        for query in ({"after": "x"}, {"after": "y"}):
            assert api.get(events_of(task), query).status_code == 400

        held.append(api.get(FEED))

        assert held[-1].status_code == 200
