import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken

from agentarium.accounts.api import authentication, jwt
from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import PASSWORD

PAIR = "/api/auth/token/"
REFRESH = "/api/auth/token/refresh/"
BLACKLIST = "/api/auth/token/blacklist/"
ME = "/api/auth/me/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(anonymous_api: APIClient, alice: User) -> dict[str, str]:
    body = {"username": "alice", "password": PASSWORD}
    response = anonymous_api.post(PAIR, body)
    assert response.status_code == 200
    tokens: dict[str, str] = response.json()
    return tokens


def bearer(token: object) -> dict[str, Any]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def test_an_access_token_signs_in(
    anonymous_api: APIClient,
    alice: User,
    pair: dict[str, str],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    # 1. the user
    with django_assert_num_queries(1):
        response = anonymous_api.get(ME, **bearer(pair["access"]))

    assert response.json()["id"] == alice.pk
    alice.refresh_from_db()
    assert alice.last_login is not None


def test_wrong_credentials_are_refused_as_at_the_page(
    anonymous_api: APIClient, alice: User
) -> None:
    response = anonymous_api.post(PAIR, {"username": "alice", "password": "wrong"})

    assert response.status_code == 401
    assert response.json()["code"] == "invalid_credentials"
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_counts_attempts_to_sign_in(
    anonymous_api: APIClient, alice: User, settings: Settings
) -> None:
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "1/hour"}
    body = {"username": "alice", "password": "wrong"}

    answers = [anonymous_api.post(PAIR, body).status_code for _ in range(2)]

    assert answers == [401, 429]


def test_a_refresh_token_works_once(
    anonymous_api: APIClient, pair: dict[str, str]
) -> None:
    first = anonymous_api.post(REFRESH, {"refresh": pair["refresh"]})
    second = anonymous_api.post(REFRESH, {"refresh": pair["refresh"]})
    third = anonymous_api.post(REFRESH, {"refresh": first.json()["refresh"]})

    assert first.status_code == 200
    assert anonymous_api.get(ME, **bearer(first.json()["access"])).status_code == 200
    assert second.status_code == 401
    assert second.json()["code"] == "token_not_valid"
    assert third.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_of_several_concurrent_uses_succeeds(alice: User) -> None:
    refresh = jwt.sign_in(alice)["refresh"]
    gate = threading.Barrier(4)
    won: list[dict[str, str]] = []
    lost: list[str] = []

    def use() -> None:
        gate.wait()
        try:
            won.append(jwt.rotate(refresh))
        except jwt.InvalidRefreshTokenError as error:
            lost.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert lost == ["token_not_valid"] * 3


def test_signing_out_revokes_the_refresh_token(
    anonymous_api: APIClient, pair: dict[str, str]
) -> None:
    response = anonymous_api.post(BLACKLIST, {"refresh": pair["refresh"]})

    assert response.status_code == 204
    refreshed = anonymous_api.post(REFRESH, {"refresh": pair["refresh"]})
    assert refreshed.status_code == 401


def test_the_token_itself_is_not_stored(pair: dict[str, str]) -> None:
    assert OutstandingToken.objects.get().token == ""


@pytest.mark.parametrize("route", [REFRESH, BLACKLIST])
@pytest.mark.parametrize("kind", ["access", "garbage"])
def test_only_a_refresh_token_can_be_exchanged_or_revoked(
    anonymous_api: APIClient, pair: dict[str, str], route: str, kind: str
) -> None:
    response = anonymous_api.post(route, {"refresh": pair.get(kind, kind)})

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"


def test_a_refresh_token_does_not_sign_in(
    anonymous_api: APIClient, pair: dict[str, str]
) -> None:
    response = anonymous_api.get(ME, **bearer(pair["refresh"]))

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"


def test_an_access_token_expires(anonymous_api: APIClient, alice: User) -> None:
    token = AccessToken.for_user(alice)
    token.set_exp(from_time=timezone.now() - timedelta(days=1))

    response = anonymous_api.get(ME, **bearer(token))

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer x", "Basic eA=="])
def test_refuses_a_malformed_header(anonymous_api: APIClient, header: str) -> None:
    response = anonymous_api.get(ME, HTTP_AUTHORIZATION=header)

    assert response.status_code == 401


def test_refuses_tokens_of_a_closed_account(
    anonymous_api: APIClient, alice: User, pair: dict[str, str]
) -> None:
    User.objects.update(is_active=False)

    refreshed = anonymous_api.post(REFRESH, {"refresh": pair["refresh"]})

    assert refreshed.status_code == 401
    assert anonymous_api.get(ME, **bearer(pair["access"])).status_code == 401


def test_refuses_tokens_of_a_deleted_account(
    anonymous_api: APIClient, alice: User, pair: dict[str, str]
) -> None:
    alice.delete()

    refreshed = anonymous_api.post(REFRESH, {"refresh": pair["refresh"]})

    assert refreshed.status_code == 401
    assert anonymous_api.get(ME, **bearer(pair["access"])).status_code == 401


def test_refuses_a_cached_token_once_it_has_expired(
    anonymous_api: APIClient, pair: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = anonymous_api.get(ME, **bearer(pair["access"]))

    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(authentication, "aware_utcnow", lambda: later)
    second = anonymous_api.get(ME, **bearer(pair["access"]))

    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json()["code"] == "token_not_valid"
