"""A new server cannot be taken over: its first account is for its operator."""

import itertools
import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient
from structlog.testing import capture_logs

from agentarium.accounts import services, setup
from agentarium.accounts.models import SetupCode, User
from agentarium.accounts.services import register_user, sign_up
from agentarium.accounts.setup import SetupFinishedError, setup_code
from agentarium.accounts.tests.factories import PASSWORD
from agentarium.http.local_access import BOUND_HOST
from agentarium.http.tests.local_request import LOCAL

REGISTER = "/api/auth/register/"
ADMIN = {"username": "admin", "email": "admin@example.com", "password": PASSWORD}
LOOPBACK_URL = "http://127.0.0.1:8000"
PUBLIC_URL = "https://agents.example.com"
PROXIED = {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}
ELSEWHERE = {BOUND_HOST: "0.0.0.0"}  # noqa: S104 - nothing is bound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the callbacks of other apps."""
    monkeypatch.setattr(services, "_on_registration", [])


@pytest.fixture
def code() -> str:
    code = setup_code()
    assert code
    return code


def register(meta: Mapping[str, Any] = LOCAL, **body: str) -> Any:
    return APIClient(**meta).post(REGISTER, ADMIN | body)


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


# Whether the server is bound to this machine, has a local URL, and is called directly.
ROWS = list(itertools.product([True, False], repeat=3))
FREE = [(True, True, True)]


class TestTruthTable:
    @pytest.fixture(params=ROWS, ids=str)
    def row(self, request: pytest.FixtureRequest, settings: Settings) -> Any:
        is_bound_locally, has_local_url, is_direct = request.param
        settings.PUBLIC_URL = LOOPBACK_URL if has_local_url else PUBLIC_URL
        meta = LOCAL | ({} if is_bound_locally else ELSEWHERE)
        return request.param, meta | ({} if is_direct else PROXIED)

    @pytest.mark.parametrize("is_open", [True, False])
    def test_without_a_code(
        self, row: Any, code: str, settings: Settings, *, is_open: bool
    ) -> None:
        settings.REGISTRATION_OPEN = is_open
        which, meta = row

        response = register(meta)

        expected = 201 if which in FREE else 403
        assert response.status_code == expected
        assert response.json().get("code") == (
            None if which in FREE else "setup_required"
        )
        assert User.objects.filter(is_superuser=True).count() == (which in FREE)
        assert User.objects.count() == (which in FREE)

    @pytest.mark.parametrize("is_open", [True, False])
    def test_with_the_code(
        self, row: Any, code: str, settings: Settings, *, is_open: bool
    ) -> None:
        settings.REGISTRATION_OPEN = is_open

        response = register(row[1], setup_code=code)

        assert response.status_code == 201
        assert response.json()["is_staff"] is True
        assert User.objects.get().is_superuser
        assert not SetupCode.objects.exists()

    def test_with_a_wrong_code(self, row: Any, code: str) -> None:
        response = register(row[1], setup_code="wrong")

        assert problem(response) == (403, "invalid_setup_code")
        assert not User.objects.exists()

    @pytest.mark.parametrize("given", ["", "wrong"])
    def test_later_accounts_are_not_staff(
        self, row: Any, alice: User, given: str
    ) -> None:
        register(row[1], setup_code=given)

        assert not User.objects.filter(is_staff=True).exists()


class TestStranger:
    """A remote client of a server that is not set up."""

    def test_is_refused_before_there_is_a_code(self) -> None:
        assert problem(register(ELSEWHERE)) == (403, "setup_required")
        assert problem(register(ELSEWHERE, setup_code="x")) == (
            403,
            "invalid_setup_code",
        )

    @pytest.mark.parametrize("given", ["é" * 40, " ", "0" * 100, "null"])
    def test_is_refused_with_a_wrong_code(self, code: str, given: str) -> None:
        response = register(ELSEWHERE, setup_code=given)

        assert response.status_code == 403
        assert not User.objects.exists()

    @pytest.mark.parametrize("given", [None, {}, [], "x" * 101])
    def test_is_refused_with_an_invalid_code(self, code: str, given: Any) -> None:
        response = register(ELSEWHERE, setup_code=given)

        assert response.status_code == 400
        assert "setup_code" in response.json()["errors"]

    def test_is_refused_with_what_is_stored(self, code: str) -> None:
        stored = SetupCode.objects.get()

        for known in (stored.nonce, stored.code_hash):
            assert problem(register(ELSEWHERE, setup_code=known))[0] == 403
        assert code not in (stored.nonce, stored.code_hash)

    def test_may_try_codes_as_often_as_passwords(
        self, code: str, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "2/hour"}
        for _ in range(2):
            register(ELSEWHERE, setup_code="wrong")

        refused = register(ELSEWHERE, setup_code=code)
        elsewhere = register(ELSEWHERE | {"REMOTE_ADDR": "192.0.2.9"}, setup_code=code)

        assert problem(refused) == (429, "throttled")
        assert 0 < int(refused["Retry-After"]) <= 3600
        assert elsewhere.status_code == 201

    def test_gets_an_ordinary_account_after_set_up(self, code: str) -> None:
        register(ELSEWHERE, setup_code=code)

        response = register(ELSEWHERE, username="bob", email="bob@example.com")

        assert response.status_code == 201
        assert response.json()["is_staff"] is False


class TestPageOfAnotherSite:
    """In a browser on the operator's machine, which can reach loopback addresses."""

    @pytest.mark.parametrize(
        "meta",
        [
            {"HTTP_ORIGIN": "https://evil.example"},
            {"HTTP_ORIGIN": "null"},
            {"HTTP_HOST": "evil.example"},
        ],
    )
    def test_cannot_create_the_account(
        self, meta: dict[str, str], settings: Settings
    ) -> None:
        settings.ALLOWED_HOSTS = ["*"]

        assert problem(register(LOCAL | meta)) == (403, "setup_required")

    @pytest.mark.parametrize(
        "kind",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""],
    )
    def test_cannot_send_a_body_without_a_preflight_request(self, kind: str) -> None:
        client = APIClient(**LOCAL)

        response = client.generic("POST", REGISTER, json.dumps(ADMIN), kind)

        assert response.status_code == 415
        assert not User.objects.exists()


class TestCode:
    def test_is_the_same_for_each_process_and_at_each_start(self, code: str) -> None:
        assert setup_code() == code
        assert SetupCode.objects.count() == 1

    def test_of_another_secret_key_is_replaced(
        self, code: str, settings: Settings
    ) -> None:
        settings.SECRET_KEY = "another one"

        other = setup_code()

        assert other != code
        assert problem(register(ELSEWHERE, setup_code=code))[0] == 403
        # Any process accepts it, whatever its own key.
        settings.SECRET_KEY = "a third one"
        assert register(ELSEWHERE, setup_code=other or "").status_code == 201

    def test_can_be_renewed(self, code: str) -> None:
        renewed = setup_code(is_renewed=True)

        assert renewed != code
        assert problem(register(ELSEWHERE, setup_code=code))[0] == 403
        assert register(ELSEWHERE, setup_code=renewed or "").status_code == 201

    def test_is_none_once_there_is_an_account(self, alice: User) -> None:
        assert setup_code() is None
        assert setup_code(is_renewed=True) is None
        assert not SetupCode.objects.exists()

    def test_works_once(self, code: str) -> None:
        register(ELSEWHERE, setup_code=code)

        again = register(
            ELSEWHERE, username="eve", email="eve@example.com", setup_code=code
        )

        assert problem(again) == (409, "setup_finished")
        assert User.objects.get().username == "admin"

    def test_remains_valid_after_an_invalid_form(self, code: str) -> None:
        weak = register(ELSEWHERE, setup_code=code, password="123")

        assert weak.status_code == 400
        assert register(ELSEWHERE, setup_code=code).status_code == 201

    def test_ends_with_the_operators_account(self, code: str) -> None:
        register_user(username="root", email="", password=PASSWORD)

        assert problem(register(ELSEWHERE, setup_code=code)) == (409, "setup_finished")
        assert not SetupCode.objects.exists()

    def test_stays_used_when_all_accounts_are_deleted(self, code: str) -> None:
        register(ELSEWHERE, setup_code=code)
        User.objects.all().delete()

        assert problem(register(ELSEWHERE, setup_code=code))[0] == 403

    def test_is_not_logged(self, code: str) -> None:
        with capture_logs() as lines:
            register(ELSEWHERE, setup_code="wrong")
            register(ELSEWHERE, setup_code=code)

        assert [line["status"] for line in lines if "status" in line] == [403, 201]
        assert code not in str(lines)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_one_of_several_with_the_code_succeeds(self) -> None:
        code = setup_code() or ""
        outcomes = concurrently(
            [lambda n=n: sign_up(**account(n), setup_code=code) for n in range(4)]
        )

        lost = [each for each in outcomes if isinstance(each, SetupFinishedError)]
        assert len(lost) == 3
        assert User.objects.filter(is_superuser=True).count() == 1
        assert User.objects.count() == 1

    def test_a_code_used_during_the_check_is_reported_as_used(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = setup_code() or ""
        is_valid = setup._is_valid

        def used_meanwhile(given: str) -> bool:
            monkeypatch.undo()
            sign_up(**account(1), setup_code=code)
            return is_valid(given)

        monkeypatch.setattr(setup, "_is_valid", used_meanwhile)

        with pytest.raises(SetupFinishedError):
            sign_up(**account(2), setup_code=code)

        assert User.objects.get().username == "user1"

    def test_processes_that_start_together_print_one_code(self) -> None:
        codes = concurrently([setup_code] * 4)

        assert len(set(codes)) == 1
        assert codes[0]
        assert SetupCode.objects.count() == 1


def account(number: int) -> dict[str, Any]:
    name = f"user{number}"
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD}


def concurrently(calls: list[Any]) -> list[Any]:
    """The results and errors of these calls, made in concurrent threads."""
    gate = threading.Barrier(len(calls))
    outcomes: list[Any] = []

    def run(call: Any) -> None:
        gate.wait()
        try:
            outcomes.append(call())
        except SetupFinishedError as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_operators_can_create_more_superusers(alice: User) -> None:
    user = register_user(
        username="root", email="", password=PASSWORD, is_superuser=True
    )

    assert user.is_superuser
    assert user.is_staff
