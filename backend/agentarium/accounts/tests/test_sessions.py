from typing import Any

import pytest
from django.contrib.sessions.models import Session
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import PASSWORD, UserFactory

SESSION = "/api/auth/session/"
LOGIN = "/api/auth/login/"
LOGOUT = "/api/auth/logout/"
ME = "/api/auth/me/"
CHANGE_PASSWORD = "/api/auth/password/"
NEW_PASSWORD = "another horse, same battery"

pytestmark = pytest.mark.django_db


class Browser(APIClient):
    """A client with CSRF checks that returns the token, as the page does."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)

    def request(self, **kwargs: Any) -> Any:
        if "csrftoken" in self.cookies:
            kwargs.setdefault("HTTP_X_CSRFTOKEN", self.cookies["csrftoken"].value)
        return super().request(**kwargs)

    def sign_in(self, username: str, password: str = PASSWORD) -> Any:
        self.get(SESSION)
        return self.post(LOGIN, {"username": username, "password": password})


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def signed_in(browser: Browser, alice: User) -> Browser:
    assert browser.sign_in("alice").status_code == 200
    return browser


class TestSessionInfo:
    def test_shows_that_a_server_is_new(
        self,
        local_api: APIClient,
        settings: Settings,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        settings.REGISTRATION_OPEN = False

        # 1. is there a user
        with django_assert_num_queries(1):
            response = local_api.get(SESSION)

        assert response.json() == {
            "is_authenticated": False,
            "has_users": False,
            "is_registration_open": True,
            "is_setup_code_needed": False,
        }
        assert "csrftoken" in response.cookies

    @pytest.mark.parametrize("is_open", [True, False])
    def test_shows_that_a_new_server_requires_its_code(
        self, browser: Browser, settings: Settings, *, is_open: bool
    ) -> None:
        settings.REGISTRATION_OPEN = is_open

        assert browser.get(SESSION).json() == {
            "is_authenticated": False,
            "has_users": False,
            "is_registration_open": False,
            "is_setup_code_needed": True,
        }

    @pytest.mark.parametrize("is_open", [True, False])
    def test_shows_whether_registration_is_open(
        self, browser: Browser, alice: User, settings: Settings, *, is_open: bool
    ) -> None:
        settings.REGISTRATION_OPEN = is_open

        assert browser.get(SESSION).json() == {
            "is_authenticated": False,
            "has_users": True,
            "is_registration_open": is_open,
            "is_setup_code_needed": False,
        }

    def test_leaves_the_rate_of_the_address_to_signing_in(
        self, browser: Browser, alice: User, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "anonymous": "1/hour"}

        answers = [browser.get(SESSION).status_code for _ in range(3)]

        assert answers == [200, 200, 200]
        assert browser.sign_in("alice").status_code == 200

    def test_recognizes_the_session(self, signed_in: Browser) -> None:
        assert signed_in.get(SESSION).json()["is_authenticated"] is True


class TestLogin:
    def test_begins_a_session(self, browser: Browser, alice: User) -> None:
        response = browser.sign_in("alice")

        assert response.status_code == 200
        assert response.json()["username"] == "alice"
        cookie = response.cookies["sessionid"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        alice.refresh_from_db()
        assert alice.last_login is not None

    def test_accepts_the_name_in_any_case(self, browser: Browser, alice: User) -> None:
        assert browser.sign_in("ALICE").status_code == 200

    def test_ends_the_previous_session(
        self, signed_in: Browser, alice: User, stranger: User
    ) -> None:
        before = {name: cookie.value for name, cookie in signed_in.cookies.items()}

        signed_in.sign_in("stranger")

        after = {name: cookie.value for name, cookie in signed_in.cookies.items()}
        assert before["sessionid"] != after["sessionid"]
        assert before["csrftoken"] != after["csrftoken"]
        assert not Session.objects.filter(pk=before["sessionid"]).exists()

    def test_refuses_another_site(self, alice: User) -> None:
        client = APIClient(enforce_csrf_checks=True)

        response = client.post(LOGIN, {"username": "alice", "password": PASSWORD})

        assert response.status_code == 403
        assert response.json()["code"] == "csrf_failed"
        assert not Session.objects.exists()

    @pytest.mark.parametrize(
        ("username", "password"),
        [("alice", "wrong"), ("unknown", PASSWORD), ("closed", PASSWORD)],
    )
    def test_responds_alike_to_all_wrong_credentials(
        self, browser: Browser, alice: User, username: str, password: str
    ) -> None:
        UserFactory.create(username="closed", is_active=False)

        response = browser.sign_in(username, password)

        assert response.status_code == 401
        assert response.json() == {
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "code": "invalid_credentials",
            "detail": "The username or the password is wrong.",
            "instance": LOGIN,
        }
        assert "sessionid" not in response.cookies

    def test_hashes_once_for_an_unknown_name(
        self, browser: Browser, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashed: list[str] = []
        monkeypatch.setattr(User, "set_password", lambda _, raw: hashed.append(raw))

        browser.sign_in("unknown", "a guess")

        assert hashed == ["a guess"]

    def test_counts_attempts_for_each_account(
        self, browser: Browser, alice: User, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "2/hour"}
        UserFactory.create(username="bob")
        browser.sign_in("alice ", "wrong")
        browser.sign_in(" Alice", "wrong")

        response = browser.sign_in("alice")

        assert response.status_code == 429
        assert response.json()["code"] == "throttled"
        assert 0 < int(response["Retry-After"]) <= 3600
        assert response["RateLimit-Limit"] == "2"
        assert response["RateLimit-Remaining"] == "0"
        assert browser.sign_in("bob").status_code == 200

    @pytest.mark.parametrize("body", [[], "alice", 5, None, {"username": "alice"}])
    def test_refuses_a_body_of_another_shape(
        self, browser: Browser, body: object
    ) -> None:
        browser.get(SESSION)

        assert browser.post(LOGIN, body).status_code == 400


class TestSession:
    def test_is_required(self, browser: Browser) -> None:
        response = browser.get(ME)

        assert response.status_code == 401
        assert response.json()["code"] == "not_authenticated"
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_requires_the_csrf_token_for_changes(self, signed_in: Browser) -> None:
        response = signed_in.patch(
            ME, {"email": "new@example.com"}, HTTP_X_CSRFTOKEN="x" * 32
        )

        assert response.status_code == 403
        assert response.json()["code"] == "csrf_failed"

    def test_ends_with_the_account(self, signed_in: Browser, alice: User) -> None:
        User.objects.update(is_active=False)

        assert signed_in.get(ME).status_code == 401

    def test_ends_at_sign_out(self, signed_in: Browser) -> None:
        response = signed_in.post(LOGOUT)

        assert response.status_code == 204
        assert signed_in.get(ME).status_code == 401
        assert not Session.objects.exists()

    def test_signing_out_requires_the_csrf_token(self, signed_in: Browser) -> None:
        response = signed_in.post(LOGOUT, HTTP_X_CSRFTOKEN="x" * 32)

        assert response.status_code == 403

    def test_signing_out_works_without_a_session(self, browser: Browser) -> None:
        assert browser.post(LOGOUT).status_code == 204

    def test_shows_what_is_left_of_the_rate(self, signed_in: Browser) -> None:
        first = signed_in.get(ME)
        second = signed_in.get(ME)

        assert first["RateLimit-Limit"] == "1200"
        left = int(first["RateLimit-Remaining"]), int(second["RateLimit-Remaining"])
        assert left[0] - left[1] == 1
        assert 0 < int(first["RateLimit-Reset"]) <= 60

    def test_costs_two_queries(
        self, signed_in: Browser, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        # 1. the session, 2. its user
        with django_assert_num_queries(2):
            signed_in.get(ME)


class TestMe:
    def test_is_the_caller(self, api: APIClient, alice: User) -> None:
        assert api.get(ME).json()["id"] == alice.pk

    def test_accepts_another_address(self, api: APIClient, alice: User) -> None:
        response = api.patch(ME, {"email": "new@example.com", "is_staff": True})

        alice.refresh_from_db()
        assert response.status_code == 200
        assert response.json()["email"] == alice.email == "new@example.com"
        assert not alice.is_staff

    def test_refuses_another_accounts_address(
        self, api: APIClient, alice: User, stranger: User
    ) -> None:
        response = api.patch(ME, {"email": stranger.email.upper()})

        assert response.status_code == 400
        assert response.json()["errors"]["email"][0]["code"] == "taken"

    def test_accepts_its_own_address_in_another_case(
        self, api: APIClient, alice: User
    ) -> None:
        assert api.patch(ME, {"email": "ALICE@example.com"}).status_code == 200

    def test_requires_an_address(self, api: APIClient) -> None:
        assert api.patch(ME, {}).status_code == 400


class TestPassword:
    def test_change_keeps_this_session_and_ends_the_others(
        self, signed_in: Browser, alice: User
    ) -> None:
        other = Browser()
        other.sign_in("alice")

        response = signed_in.post(
            CHANGE_PASSWORD,
            {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
        )

        assert response.status_code == 204
        assert signed_in.get(ME).status_code == 200
        assert other.get(ME).status_code == 401
        alice.refresh_from_db()
        assert alice.check_password(NEW_PASSWORD)

    def test_change_ends_jwts_issued_before(
        self, signed_in: Browser, anonymous_api: APIClient
    ) -> None:
        pair = anonymous_api.post(
            "/api/auth/token/", {"username": "alice", "password": PASSWORD}
        ).json()
        signed_in.post(
            CHANGE_PASSWORD,
            {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
        )

        refreshed = anonymous_api.post(
            "/api/auth/token/refresh/", {"refresh": pair["refresh"]}
        )
        answer = anonymous_api.get(ME, HTTP_AUTHORIZATION=f"Bearer {pair['access']}")

        assert refreshed.status_code == 401
        assert answer.status_code == 401
        assert answer.json()["code"] == "password_changed"

    @pytest.mark.parametrize(
        ("current", "new", "field", "code"),
        [
            ("wrong", NEW_PASSWORD, "current_password", "wrong_password"),
            (PASSWORD, "short", "new_password", "password_too_short"),
            (PASSWORD, "alice@example.com", "new_password", "password_too_similar"),
        ],
    )
    def test_change_names_the_invalid_field(
        self,
        signed_in: Browser,
        alice: User,
        current: str,
        new: str,
        field: str,
        code: str,
    ) -> None:
        response = signed_in.post(
            CHANGE_PASSWORD, {"current_password": current, "new_password": new}
        )

        assert response.status_code == 400
        assert response.json()["errors"][field][0]["code"] == code
        alice.refresh_from_db()
        assert alice.check_password(PASSWORD)

    def test_counts_attempts_at_the_current_one(
        self, browser: Browser, alice: User, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "2/hour"}
        browser.sign_in("alice")
        body = {"current_password": "wrong", "new_password": NEW_PASSWORD}

        answers = [browser.post(CHANGE_PASSWORD, body).status_code for _ in range(2)]

        # The sign-in was the first of two.
        assert answers == [400, 429]
