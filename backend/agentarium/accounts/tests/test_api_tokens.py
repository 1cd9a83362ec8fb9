from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from agentarium.accounts.models import ApiToken, User
from agentarium.accounts.tests.factories import ApiTokenFactory, UserFactory

TOKENS = "/api/tokens/"
ME = "/api/auth/me/"
REFRESH = "/api/auth/token/refresh/"

pytestmark = pytest.mark.django_db


def bearer(token: str) -> dict[str, Any]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def secret_of(**fields: object) -> str:
    """The secret of a new token with these fields."""
    secret = f"agt_{ApiToken.objects.count():08x}_{'5' * 64}"
    ApiTokenFactory.create(secret=secret, **fields)
    return secret


class TestCreate:
    def test_shows_the_token_once(self, api: APIClient, alice: User) -> None:
        expires_at = timezone.now() + timedelta(days=30)

        response = api.post(
            TOKENS,
            {
                "name": "ci",
                "scopes": ["run", "read", "run"],
                "expires_at": expires_at.isoformat(),
                "rate": "30/min",
            },
        )

        assert response.status_code == 201
        body = response.json()
        token = ApiToken.objects.get()
        assert body["token"].startswith(token.prefix + "_")
        assert len(body["token"]) == 4 + 8 + 1 + 64
        assert body["scopes"] == ["read", "run"]
        assert body["rate"] == "30/min"
        assert token.owner == alice
        assert token.secret_hash == ApiToken.hash_of(body["token"])
        detail = api.get(f"{TOKENS}{token.pk}/").json()
        assert body == {**detail, "token": body["token"]}
        assert body["token"] not in str(token.__dict__)

    def test_the_token_works(self, api: APIClient, anonymous_api: APIClient) -> None:
        body = {"name": "ci", "scopes": ["read"]}
        token = api.post(TOKENS, body).json()["token"]

        assert anonymous_api.get(ME, **bearer(token)).status_code == 200

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"scopes": []}, "scopes"),
            ({"scopes": "read"}, "scopes"),
            ({"scopes": ["admin"]}, "scopes.0"),
            ({"scopes": ["read"] * 5}, "scopes"),
            ({"rate": "often"}, "rate"),
            ({"rate": "0/min"}, "rate"),
            ({"rate": "1201/min"}, "rate"),
            ({"rate": "9999999/s"}, "rate"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "soon"}, "expires_at"),
        ],
    )
    def test_names_the_invalid_field(
        self, api: APIClient, change: dict[str, object], field: str
    ) -> None:
        response = api.post(TOKENS, {"name": "ci", "scopes": ["read"], **change})

        assert response.status_code == 400
        assert list(response.json()["errors"]) == [field]
        assert not ApiToken.objects.exists()

    def test_ignores_read_only_fields(self, api: APIClient, stranger: User) -> None:
        body = {
            "name": "ci",
            "scopes": ["read"],
            "prefix": "agt_mine",
            "owner": stranger.pk,
            "secret_hash": "0" * 64,
        }

        api.post(TOKENS, body)

        token = ApiToken.objects.get()
        assert token.owner != stranger
        assert token.prefix != "agt_mine"
        assert token.secret_hash != "0" * 64


class TestList:
    def test_shows_only_the_callers_tokens_in_one_query(
        self,
        api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        tokens = ApiTokenFactory.create_batch(3, owner=alice)
        ApiTokenFactory.create()

        # 1. the tokens
        with django_assert_num_queries(1):
            response = api.get(TOKENS)

        assert [row["id"] for row in response.json()["results"]] == [
            token.pk for token in reversed(tokens)
        ]
        assert "secret_hash" not in response.json()["results"][0]
        assert "token" not in response.json()["results"][0]

    def test_orders_by_a_column_with_nulls(self, api: APIClient, alice: User) -> None:
        now = timezone.now()
        used = ApiTokenFactory.create(owner=alice, last_used_at=now)
        unused = ApiTokenFactory.create(owner=alice)

        pages = [
            api.get(f"{TOKENS}?ordering={term}last_used_at").json()["results"]
            for term in ("", "-")
        ]

        assert [[row["id"] for row in page] for page in pages] == [
            [unused.pk, used.pk],
            [used.pk, unused.pk],
        ]

    def test_finds_by_name(self, api: APIClient, alice: User) -> None:
        found = ApiTokenFactory.create(owner=alice, name="Nightly build")
        ApiTokenFactory.create(owner=alice)

        rows = api.get(f"{TOKENS}?search=nightly").json()["results"]

        assert [row["id"] for row in rows] == [found.pk]


class TestChange:
    def test_changes_only_the_name(self, api: APIClient, alice: User) -> None:
        token = ApiTokenFactory.create(owner=alice, scopes=["read"])

        response = api.patch(
            f"{TOKENS}{token.pk}/", {"name": "new", "scopes": ["write"], "rate": "9/s"}
        )

        token.refresh_from_db()
        assert response.status_code == 200
        assert response.json()["name"] == token.name == "new"
        assert token.scopes == ["read"]
        assert token.rate == ""

    def test_cannot_be_replaced(self, api: APIClient, alice: User) -> None:
        token = ApiTokenFactory.create(owner=alice)

        assert api.put(f"{TOKENS}{token.pk}/", {}).status_code == 405

    def test_revoking_keeps_the_row(
        self, api: APIClient, anonymous_api: APIClient, alice: User
    ) -> None:
        secret = secret_of(owner=alice)
        token = ApiToken.objects.get()

        response = api.delete(f"{TOKENS}{token.pk}/")

        assert response.status_code == 204
        refused = anonymous_api.get(ME, **bearer(secret))
        assert refused.status_code == 401
        assert refused.json()["code"] == "invalid_token"
        token.refresh_from_db()
        assert token.revoked_at is not None
        assert api.get(TOKENS).json()["results"] == []
        assert api.get(f"{TOKENS}{token.pk}/").status_code == 404

    @pytest.mark.parametrize("method", ["get", "patch", "delete"])
    def test_hides_a_token_of_another_user(
        self, stranger_api: APIClient, alice: User, method: str
    ) -> None:
        token = ApiTokenFactory.create(owner=alice)

        response = getattr(stranger_api, method)(f"{TOKENS}{token.pk}/", {})

        assert response.status_code == 404
        assert response.json()["code"] == "not_found"
        token.refresh_from_db()
        assert token.revoked_at is None

    @pytest.mark.parametrize("pk", ["0", "9" * 30, "abc", "-1", "1.5"])
    def test_an_impossible_id_is_not_found(self, api: APIClient, pk: str) -> None:
        assert api.get(f"{TOKENS}{pk}/").status_code == 404


class TestSigningIn:
    def test_costs_one_query(
        self,
        anonymous_api: APIClient,
        alice: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        secret = secret_of(owner=alice, last_used_at=timezone.now())

        # 1. the token joined to its owner
        with django_assert_num_queries(1):
            response = anonymous_api.get(ME, **bearer(secret))

        assert response.json()["id"] == alice.pk

    def test_records_its_use_once_a_minute(
        self, anonymous_api: APIClient, alice: User
    ) -> None:
        secret = secret_of(owner=alice)
        token = ApiToken.objects.get()

        anonymous_api.get(ME, **bearer(secret))
        token.refresh_from_db()
        first = token.last_used_at
        anonymous_api.get(ME, **bearer(secret))
        token.refresh_from_db()
        second = token.last_used_at
        a_while_ago = timezone.now() - timedelta(seconds=61)
        ApiToken.objects.update(last_used_at=a_while_ago)
        anonymous_api.get(ME, **bearer(secret))
        token.refresh_from_db()

        assert first is not None
        assert second == first
        assert token.last_used_at is not None
        assert token.last_used_at > first

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"expires_at": timezone.now() - timedelta(seconds=1)}, "token_expired"),
            ({"revoked_at": timezone.now()}, "invalid_token"),
        ],
    )
    def test_ends_with_the_token(
        self,
        anonymous_api: APIClient,
        alice: User,
        fields: dict[str, object],
        code: str,
    ) -> None:
        response = anonymous_api.get(ME, **bearer(secret_of(owner=alice, **fields)))

        assert response.status_code == 401
        assert response.json()["code"] == code
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'

    def test_ends_with_the_account(self, anonymous_api: APIClient) -> None:
        secret = secret_of(owner=UserFactory.create(is_active=False))

        response = anonymous_api.get(ME, **bearer(secret))

        assert response.status_code == 401
        assert response.json()["code"] == "user_inactive"

    @pytest.mark.parametrize("secret", ["agt_", "agt_wrong", "agt_é", "agt_a b"])
    def test_refuses_an_unknown_token(
        self, anonymous_api: APIClient, secret: str
    ) -> None:
        response = anonymous_api.get(ME, **bearer(secret))

        assert response.status_code == 401
        assert response.json()["code"] == "invalid_token"

    def test_refuses_the_hash_of_a_token(
        self, anonymous_api: APIClient, alice: User
    ) -> None:
        token = ApiTokenFactory.create(owner=alice)

        response = anonymous_api.get(ME, **bearer(token.secret_hash))

        assert response.status_code == 401


class TestScopes:
    def test_reading_needs_read(self, anonymous_api: APIClient, alice: User) -> None:
        secret = secret_of(owner=alice, scopes=["run", "write"])

        response = anonymous_api.get(TOKENS, **bearer(secret))

        assert response.status_code == 403
        assert response.json()["code"] == "insufficient_scope"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", TOKENS),
            ("patch", f"{TOKENS}1/"),
            ("delete", f"{TOKENS}1/"),
            ("patch", ME),
            ("post", "/api/auth/password/"),
        ],
    )
    def test_no_token_extends_its_own_rights(
        self, anonymous_api: APIClient, alice: User, method: str, path: str
    ) -> None:
        secret = secret_of(owner=alice, scopes=["read", "run", "write"])

        response = getattr(anonymous_api, method)(path, {}, **bearer(secret))

        assert response.status_code == 403
        assert response.json()["code"] == "token_not_allowed"


class TestRates:
    def test_a_token_may_have_its_own(
        self, anonymous_api: APIClient, alice: User
    ) -> None:
        slow = bearer(secret_of(owner=alice, rate="2/hour"))
        other = bearer(secret_of(owner=alice))

        answers = [anonymous_api.get(ME, **slow) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
        assert answers[2].json()["code"] == "throttled"
        assert 0 < int(answers[2]["Retry-After"]) <= 3600
        assert anonymous_api.get(ME, **other).status_code == 200

    def test_other_tokens_have_the_servers_rate(
        self, anonymous_api: APIClient, alice: User, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "user_token": "1/hour"}
        token = bearer(secret_of(owner=alice))

        answers = [anonymous_api.get(ME, **token).status_code for _ in range(2)]

        assert answers == [200, 429]

    def test_a_rate_above_the_servers_is_refused_with_the_servers(
        self, api: APIClient
    ) -> None:
        body = {"name": "ci", "scopes": ["read"], "rate": "9999999/s"}

        response = api.post(TOKENS, body)

        assert response.json()["errors"] == {
            "rate": [
                {
                    "code": "rate_too_high",
                    "detail": "This server allows a token at most 1200/min.",
                }
            ]
        }

    @pytest.mark.parametrize("own", ["9999999/hour", "9999999/s"])
    def test_a_stored_rate_above_the_servers_has_no_effect(
        self, anonymous_api: APIClient, alice: User, settings: Settings, own: str
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "user_token": "2/hour"}
        token = bearer(secret_of(owner=alice, rate=own))

        answers = [anonymous_api.get(ME, **token).status_code for _ in range(3)]

        assert answers == [200, 200, 429]

    def test_all_tokens_of_a_user_share_the_users_rate(
        self, api: APIClient, anonymous_api: APIClient, alice: User, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "user": "3/hour"}
        tokens = [bearer(secret_of(owner=alice)) for _ in range(3)]

        answers = [anonymous_api.get(ME, **token).status_code for token in tokens]

        assert answers == [200, 200, 200]
        assert anonymous_api.get(ME, **tokens[0]).status_code == 429
        assert api.get(ME).status_code == 429

    def test_refused_requests_of_a_token_do_not_spend_the_users_rate(
        self, api: APIClient, anonymous_api: APIClient, alice: User, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "user": "3/hour"}
        slow = bearer(secret_of(owner=alice, rate="1/hour"))

        answers = [anonymous_api.get(ME, **slow).status_code for _ in range(5)]

        assert answers == [200, 429, 429, 429, 429]
        assert api.get(ME).status_code == 200

    def test_anonymous_clients_have_one_for_each_address(
        self, anonymous_api: APIClient, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "anonymous": "1/hour"}

        answers = [
            anonymous_api.post(REFRESH, REMOTE_ADDR=address).status_code
            for address in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2")
        ]

        assert answers == [400, 429, 400]

    def test_ipv6_clients_have_one_for_each_network(
        self, anonymous_api: APIClient, settings: Settings
    ) -> None:
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "anonymous": "1/hour"}

        answers = [
            anonymous_api.post(REFRESH, REMOTE_ADDR=address).status_code
            for address in ("2001:db8::1", "2001:db8::ffff:1:2", "2001:db8:0:1::1")
        ]

        assert answers == [400, 429, 400]
