import pytest
from django.test import Client
from pytest_django import Settings

from agentarium.server import proxy_probe
from agentarium.server.proxy_probe import COOKIE, HEADER, PATH, signature


@pytest.fixture
def doctor() -> Client:
    return Client(headers={HEADER: signature()})


@pytest.mark.parametrize("headers", [{}, {HEADER: "probe"}, {HEADER: "probe:a:b"}])
@pytest.mark.parametrize("address", [PATH, f"{PATH}?stream"])
def test_does_not_exist_without_a_signature(
    client: Client, headers: dict[str, str], address: str
) -> None:
    assert client.get(address, headers=headers).status_code == 404
    assert client.post(address, headers=headers).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_does_not_exist_for_any_method_without_a_signature(
    client: Client, method: str
) -> None:
    assert client.generic(method, PATH).status_code == 404


def test_does_not_exist_with_an_old_or_foreign_signature(
    doctor: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor.get(PATH).status_code == 200
    settings.SECRET_KEY, former = "another key of another server", settings.SECRET_KEY
    assert doctor.get(PATH).status_code == 404
    settings.SECRET_KEY = former

    monkeypatch.setattr(proxy_probe, "VALID_SECONDS", -1)
    assert doctor.get(PATH).status_code == 404


def test_shows_how_a_request_arrives(doctor: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.SECURE_SSL_REDIRECT = False
    settings.SESSION_COOKIE_SECURE = True

    response = doctor.get(PATH, headers={"X-Forwarded-For": "203.0.113.7, 10.0.0.9"})

    assert response.json() == {
        "host": "testserver",
        "is_secure": False,
        "client_address": "10.0.0.9",
        "forwarded_for": ["203.0.113.7", "10.0.0.9"],
        "trusted_proxies": 1,
    }
    cookie = response.cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (
        True,
        True,
        "Lax",
    )


def test_counts_and_limits_the_bytes_of_a_body(
    doctor: Client, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    def post(size: int) -> int:
        response = doctor.post(
            PATH, bytes(size), content_type="application/octet-stream"
        )
        return int(response.status_code)

    assert post(1000) == 200
    assert post(1001) == 400
