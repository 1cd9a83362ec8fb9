import pytest
from django.test import Client
from pytest_django import Settings

from agentarium.accounts.models import ApiToken, QuotaLimits, User
from agentarium.accounts.tests.factories import (
    PASSWORD,
    ApiTokenFactory,
    UserFactory,
)

QUOTAS = "/admin/accounts/quotalimits/"
TOKENS = "/admin/accounts/apitoken/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "path",
    ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", TOKENS],
)
def test_shows_its_lists(admin: Client, path: str) -> None:
    ApiTokenFactory.create()

    assert admin.get(path).status_code == 200


def test_never_shows_a_hash(admin: Client) -> None:
    token = ApiTokenFactory.create()

    page = admin.get(f"{TOKENS}{token.pk}/change/").content.decode()

    assert token.prefix in page
    assert token.secret_hash not in page


def test_revokes_tokens(admin: Client) -> None:
    token = ApiTokenFactory.create()

    admin.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})

    assert ApiToken.objects.exclude(revoked_at=None).get() == token


def test_cannot_create_or_delete_tokens(admin: Client) -> None:
    token = ApiTokenFactory.create()

    assert admin.get(f"{TOKENS}add/").status_code == 403
    assert admin.post(f"{TOKENS}{token.pk}/delete/").status_code == 403


def test_edits_an_account(admin: Client, alice: User) -> None:
    path = f"/admin/accounts/user/{alice.pk}/change/"

    response = admin.post(path, {"username": "alice", "email": "a@b.example"})

    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.email == "a@b.example"
    assert not alice.is_active


def test_sets_the_quotas_of_one_user(admin: Client, alice: User) -> None:
    response = admin.post(QUOTAS + "add/", {"user": alice.pk, "agents": "5000"})
    changed = admin.post(f"{QUOTAS}{alice.pk}/change/", {"agents": "", "http_tools": 0})

    assert (response.status_code, changed.status_code) == (302, 302)
    own = QuotaLimits.objects.get(user=alice)
    assert (own.agents, own.http_tools, own.api_tokens) == (None, 0, None)
    assert admin.get(QUOTAS).status_code == 200


def test_counts_attempts_to_sign_in(client: Client, settings: Settings) -> None:
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "1/hour"}
    UserFactory.create(username="root", is_staff=True)
    guess = {"username": "root", "password": "wrong"}
    client.post("/admin/login/", guess)

    response = client.post("/admin/login/", {**guess, "password": PASSWORD})

    assert response.status_code == 200
    assert b"Too many attempts" in response.content


def test_lets_staff_in(client: Client) -> None:
    UserFactory.create(username="root", is_staff=True)

    response = client.post(
        "/admin/login/?next=/admin/", {"username": "root", "password": PASSWORD}
    )

    assert response.status_code == 302
    assert response["Location"] == "/admin/"
