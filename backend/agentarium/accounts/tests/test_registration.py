import threading

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from agentarium.accounts import services
from agentarium.accounts.models import User
from agentarium.accounts.services import (
    RegistrationClosedError,
    on_registration,
    register_user,
    sign_up,
)
from agentarium.accounts.tests.factories import PASSWORD
from agentarium.core.exceptions import ConflictError, InvalidInputError

REGISTER = "/api/auth/register/"
BOB = {"username": "bob", "email": "bob@example.com", "password": PASSWORD}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def callbacks(monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """Replace other apps' callbacks by one; returns the accounts it is called with."""
    seen: list[User] = []
    monkeypatch.setattr(services, "_on_registration", [seen.append])
    return seen


def codes(response: object) -> dict[str, str]:
    errors = response.json()["errors"]  # type: ignore[attr-defined]
    return {field: found[0]["code"] for field, found in errors.items()}


def test_creates_an_account(
    anonymous_api: APIClient, alice: User, callbacks: list[User]
) -> None:
    response = anonymous_api.post(REGISTER, BOB)

    assert response.status_code == 201
    bob = User.objects.get(username="bob")
    assert response.json() == {
        "id": bob.pk,
        "username": "bob",
        "email": "bob@example.com",
        "is_staff": False,
        "date_joined": response.json()["date_joined"],
    }
    assert bob.check_password(PASSWORD)
    assert bob.password.startswith("argon2")
    assert not bob.is_superuser
    assert callbacks == [bob]


def test_the_first_account_is_the_superuser(local_api: APIClient) -> None:
    response = local_api.post(REGISTER, BOB)

    assert response.json()["is_staff"] is True
    assert User.objects.get().is_superuser


def test_ignores_rights_in_the_request(anonymous_api: APIClient, alice: User) -> None:
    anonymous_api.post(REGISTER, {**BOB, "is_staff": True, "is_superuser": True})

    bob = User.objects.get(username="bob")
    assert not bob.is_staff
    assert not bob.is_superuser


class TestClosed:
    @pytest.fixture(autouse=True)
    def _closed(self, settings: Settings) -> None:
        settings.REGISTRATION_OPEN = False

    def test_refuses_new_accounts(self, anonymous_api: APIClient, alice: User) -> None:
        response = anonymous_api.post(REGISTER, BOB)

        assert response.status_code == 403
        assert response.json()["code"] == "registration_closed"
        assert User.objects.count() == 1

    def test_allows_the_first_account(self, local_api: APIClient) -> None:
        assert local_api.post(REGISTER, BOB).status_code == 201

    def test_allows_accounts_that_the_operator_creates(self, alice: User) -> None:
        user = register_user(
            username="carol", email="", password=PASSWORD, is_staff=True
        )

        assert user.is_staff
        assert not user.is_superuser


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"username": ""}, {"username": "blank"}),
            ({"username": "a b"}, {"username": "invalid"}),
            ({"username": "zoë"}, {"username": "invalid"}),
            ({"username": "x" * 151}, {"username": "max_length"}),
            ({"email": "no-address"}, {"email": "invalid"}),
            ({"email": ""}, {"email": "blank"}),
            ({"password": "short"}, {"password": "password_too_short"}),
            ({"password": "password1"}, {"password": "password_too_common"}),
            ({"password": "90210481516"}, {"password": "password_entirely_numeric"}),
            ({"password": "x" * 1025}, {"password": "max_length"}),
            ({"username": "ALICE"}, {"username": "taken"}),
            ({"email": "Alice@Example.COM"}, {"email": "taken"}),
            ({"username": None}, {"username": "null"}),
            ({"username": {}}, {"username": "invalid"}),
        ],
    )
    def test_names_the_field(
        self,
        anonymous_api: APIClient,
        alice: User,
        change: dict[str, str],
        expected: dict[str, str],
    ) -> None:
        response = anonymous_api.post(REGISTER, {**BOB, **change})

        assert response.status_code == 400
        assert codes(response) == expected
        assert User.objects.count() == 1

    def test_requires_every_field(self, anonymous_api: APIClient) -> None:
        response = anonymous_api.post(REGISTER, {})

        assert set(codes(response)) == {"username", "email", "password"}

    def test_refuses_a_password_like_the_name(
        self, anonymous_api: APIClient, alice: User
    ) -> None:
        body = {**BOB, "username": "rumpelstilz", "password": "rumpelstilz9"}

        response = anonymous_api.post(REGISTER, body)

        assert codes(response) == {"password": "password_too_similar"}


class TestRaces:
    def test_the_later_of_two_accounts_with_one_name_is_refused(
        self, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "_check_new_account", lambda *_: None)

        with pytest.raises(InvalidInputError) as caught:
            register_user(username="Alice", email="", password=PASSWORD)

        assert caught.value.errors is not None
        assert caught.value.errors["username"][0].code == "taken"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("is_open", [True, False])
    def test_only_one_account_is_the_first(
        self, settings: Settings, *, is_open: bool
    ) -> None:
        settings.REGISTRATION_OPEN = is_open
        gate = threading.Barrier(4)
        closed: list[int] = []

        def register(number: int) -> None:
            gate.wait()
            try:
                sign_up(
                    username=f"user{number}",
                    email=f"user{number}@example.com",
                    password=PASSWORD,
                    is_local=True,
                )
            except RegistrationClosedError:
                closed.append(number)
            finally:
                connection.close()

        threads = [threading.Thread(target=register, args=[n]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert User.objects.filter(is_superuser=True).count() == 1
        assert User.objects.count() == (4 if is_open else 1)
        assert len(closed) == (0 if is_open else 3)


class TestCallbacks:
    def test_run_in_the_accounts_transaction(
        self, anonymous_api: APIClient, alice: User
    ) -> None:
        def refuse(user: User) -> None:
            raise ConflictError

        on_registration(refuse)

        response = anonymous_api.post(REGISTER, BOB)

        assert response.status_code == 409
        assert not User.objects.filter(username="bob").exists()

    def test_run_once_even_if_registered_twice(self) -> None:
        seen: list[User] = []
        on_registration(seen.append)
        callback = seen.append
        on_registration(callback)

        register_user(username="bob", email="", password=PASSWORD)

        assert len(seen) == 1
