"""The site's own URLs: health, page, schema, and headers on all of them."""

from collections.abc import Iterator
from pathlib import Path

import openapi_spec_validator
import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoAssertNumQueries, Settings

from agentarium.core.outages import Outage
from agentarium.server import health


@pytest.fixture(autouse=True)
def _unknown_migrations() -> Iterator[None]:
    health._migrated.clear()
    yield
    health._migrated.clear()


@pytest.mark.usefixtures("no_outages")
class TestHealth:
    def test_is_alive_without_a_database(self, client: Client) -> None:
        response = client.get("/healthz")

        assert response.status_code == 200
        assert response.json() == {"status": "ok"}

    @pytest.mark.django_db
    def test_is_ready_with_its_tables(
        self,
        client: Client,
        settings: Settings,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        settings.BROKER_URL = settings.REDIS_URL = ""

        response = client.get("/readyz")

        assert response.status_code == 200
        assert response.json() == {
            "status": "ok",
            "database": "ok",
            "broker": "none",
            "redis": "none",
        }
        # 1. the database's time: once applied, migrations are not checked again
        with django_assert_num_queries(1):
            client.get("/readyz")

    @pytest.mark.django_db
    def test_is_not_ready_before_its_migrations(self, client: Client) -> None:
        MigrationRecorder.Migration.objects.filter(app="accounts").delete()

        response = client.get("/readyz")

        assert response.status_code == 503
        assert response.json()["database"] == "migrations are missing"

    @pytest.mark.django_db
    def test_is_not_ready_without_its_database(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse() -> None:
            raise OperationalError

        monkeypatch.setattr(connection, "cursor", refuse)

        response = client.get("/readyz")

        assert response.status_code == 503
        assert response.json()["database"] == "unreachable"

    @pytest.mark.django_db
    def test_reports_its_broker(self, client: Client, settings: Settings) -> None:
        settings.BROKER_URL = "memory://"

        assert client.get("/readyz").json()["broker"] == "ok"

    @pytest.mark.django_db
    def test_is_ready_without_its_broker(
        self, client: Client, settings: Settings
    ) -> None:
        settings.BROKER_URL = "redis://127.0.0.1:1/0"

        response = client.get("/readyz")

        assert response.status_code == 200
        assert response.json()["broker"] == "unreachable"

    @pytest.mark.django_db
    def test_is_ready_in_an_outage_and_says_what_suffers(
        self, client: Client, settings: Settings
    ) -> None:
        settings.BROKER_URL, settings.REDIS_URL = "memory://", "redis://127.0.0.1:1/0"
        uses = [Outage("redis", use) for use in ("rate limits", "live output")]
        for use in uses:
            use.begin("Connection refused")

        during = client.get("/readyz")
        for use in uses:
            use.end()
        after = client.get("/readyz")

        assert (during.status_code, after.status_code) == (200, 200)
        assert during.json()["redis"] == "degraded: live output, rate limits"
        assert after.json()["redis"] == after.json()["broker"] == "ok"


class TestPage:
    @pytest.fixture(autouse=True)
    def _built(self, tmp_path: Path, settings: Settings) -> None:
        settings.PAGE_ROOT = tmp_path
        (tmp_path / "index.html").write_text("<!doctype html><title>Page</title>")

    @pytest.mark.parametrize("path", ["/", "/agents/12", "/sign-in", "/apiary"])
    def test_is_served_at_each_of_its_routes(self, client: Client, path: str) -> None:
        response = client.get(path)

        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/html")
        assert response["Cache-Control"] == "no-cache"
        assert "csrftoken" in response.cookies

    @pytest.mark.parametrize(
        "path", ["/api", "/api/nothing/", "/assets/old.js", "/static/x", "/metrics"]
    )
    def test_is_not_served_at_other_urls(self, client: Client, path: str) -> None:
        response = client.get(path)

        assert response.status_code == 404
        assert response.json()["code"] == "not_found"

    def test_is_read_only(self, client: Client) -> None:
        assert client.post("/agents/12").status_code == 405

    def test_says_so_when_it_is_not_built(self, client: Client, tmp_path: Path) -> None:
        (tmp_path / "index.html").unlink()

        response = client.get("/")

        assert response.status_code == 503
        assert b"has not been built" in response.content


class TestHeaders:
    @pytest.mark.parametrize("path", ["/healthz", "/api/docs/", "/api/nothing/"])
    @pytest.mark.django_db
    def test_are_on_every_response(self, client: Client, path: str) -> None:
        headers = client.get(path).headers

        scripts = "script-src 'self';"
        assert scripts in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]

    @pytest.mark.django_db
    def test_keep_responses_of_the_api_out_of_caches(self, client: Client) -> None:
        assert client.get("/api/auth/session/")["Cache-Control"] == "no-store"


class TestSchema:
    def test_is_valid_and_complete(self) -> None:
        GENERATOR_STATS.reset()

        schema = SchemaGenerator().get_schema(request=None, public=True)

        assert not GENERATOR_STATS
        assert schema["openapi"] == "3.1.0"
        openapi_spec_validator.validate(schema)

    @pytest.mark.django_db
    def test_is_open_to_all_and_generated_without_queries(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            response = client.get("/api/schema/", HTTP_ACCEPT="application/json")

        assert response.status_code == 200
        problem = {"$ref": "#/components/schemas/Problem"}
        answers = response.json()["paths"]["/api/tokens/{id}/"]["patch"]["responses"]
        assert sorted(answers) == ["200", "400", "401", "403", "404", "409", "429"]
        assert answers["404"]["content"] == {
            "application/problem+json": {"schema": problem}
        }

    @pytest.mark.django_db
    def test_has_docs_without_inline_scripts(self, client: Client) -> None:
        page = client.get("/api/docs/").content.decode()
        script = client.get("/api/docs/?script=")

        assert "<script>" not in page
        assert 'src="/api/docs/?script="' in page
        assert script["Content-Type"] == "application/javascript"
        assert b"SwaggerUIBundle" in script.content
