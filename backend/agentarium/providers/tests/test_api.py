from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from agentarium.providers.tests.conftest import Deploy
from agentarium.runtime.providers import PROVIDERS
from bench.fake_provider import FakeProvider

MODELS = "/api/models/"
PROVIDER_LIST = "/api/providers/"
BUILTIN = "builtin:smollm2-135m-instruct"
GPT_4O_MINI = {
    "input": "0.15",
    "cached_input": "0.075",
    "output": "0.6",
    "reasoning": "0.6",
}


def rows(api: APIClient, url: str = MODELS, **query: str) -> list[dict[str, Any]]:
    response = api.get(url, query)
    assert response.status_code == 200
    return list(response.data)


def one(api: APIClient, name: str, **query: str) -> dict[str, Any]:
    (row,) = (row for row in rows(api, **query) if row["id"] == name)
    return row


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """An empty file that counts as weights until it is loaded."""
    file = tmp_path / "models" / "a.gguf"
    file.parent.mkdir()
    file.touch()
    return file


@pytest.mark.parametrize("url", [MODELS, PROVIDER_LIST])
@pytest.mark.django_db
def test_requires_authentication(anonymous_api: APIClient, url: str) -> None:
    assert anonymous_api.get(url).status_code == 401


class TestModels:
    def test_lists_the_models_of_a_server(
        self, api: APIClient, deploy: Deploy, provider: FakeProvider
    ) -> None:
        deploy(openai=("sk-1", f"{provider.url}/v1"))

        listed = rows(api, provider="openai")

        assert [row["id"] for row in listed] == [
            "openai:fake",
            "openai:fake-large",
            "openai:gpt-4o-mini",
        ]
        assert {row["is_available"] for row in listed} == {True}

    def test_caches_the_list_of_a_server(
        self, api: APIClient, deploy: Deploy, provider: FakeProvider
    ) -> None:
        deploy(openai=("sk-1", f"{provider.url}/v1"))
        provider.reset()

        rows(api)
        rows(api)
        rows(api, PROVIDER_LIST)

        assert [request.path for request in provider.received] == ["/v1/models"]

    def test_reports_why_a_model_cannot_be_called(self, api: APIClient) -> None:
        row = one(api, "openai:gpt-4o-mini")

        assert row == {
            "id": "openai:gpt-4o-mini",
            "provider": "openai",
            "name": "gpt-4o-mini",
            "is_available": False,
            "reason": "OpenAI needs a key. Set OPENAI_API_KEY.",
            "is_default": False,
            "price": {"rates": GPT_4O_MINI, "tiers": []},
        }

    def test_reports_an_unreachable_server(
        self, api: APIClient, deploy: Deploy
    ) -> None:
        deploy(groq=("key", "http://127.0.0.1:9/v1"))

        (row, *_) = rows(api, provider="groq")

        assert not row["is_available"]
        assert "127.0.0.1:9" in row["reason"]

    def test_suggests_models_of_providers_without_a_list(
        self, api: APIClient, deploy: Deploy
    ) -> None:
        deploy(anthropic=("key", ""))

        listed = rows(api, provider="anthropic", is_available="true")

        assert "anthropic:claude-haiku-5-5" in [row["id"] for row in listed]

    def test_the_default_is_the_builtin_model(
        self, api: APIClient, weights: Path
    ) -> None:
        row = one(api, BUILTIN)

        assert row["is_available"]
        assert row["is_default"]

    def test_reports_that_the_builtin_models_weights_are_missing(
        self, api: APIClient
    ) -> None:
        row = one(api, BUILTIN)

        assert not row["is_available"]
        assert "weights" in row["reason"]

    def test_the_default_is_a_small_model_of_openai_if_its_key_is_set(
        self, api: APIClient, deploy: Deploy, provider: FakeProvider
    ) -> None:
        deploy(openai=("sk-1", f"{provider.url}/v1"))

        defaults = [row["id"] for row in rows(api) if row["is_default"]]

        assert defaults == ["openai:gpt-4o-mini"]

    @pytest.mark.parametrize(
        ("configured", "row"),
        [
            ("mistral:my-own", "mistral:my-own"),
            ("my-own", "openai:my-own"),
            ("openai-compatible:a:b", "openai-compatible:a:b"),
        ],
    )
    def test_lists_the_configured_default(
        self, api: APIClient, settings: Any, configured: str, row: str
    ) -> None:
        settings.DEFAULT_MODEL = configured

        defaults = [row["id"] for row in rows(api) if row["is_default"]]

        assert defaults == [row]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"search": "HAIKU"}, ["anthropic:claude-haiku-5-5"]),
            ({"search": "nothing like it"}, []),
            ({"provider": "builtin"}, [BUILTIN]),
            ({"provider": "builtin", "is_available": "true"}, []),
            ({"provider": "builtin", "is_available": "false"}, [BUILTIN]),
        ],
    )
    def test_can_be_filtered(
        self, api: APIClient, query: dict[str, str], names: list[str]
    ) -> None:
        assert [row["id"] for row in rows(api, **query)] == names

    @pytest.mark.parametrize(
        ("query", "field", "code"),
        [
            ({"provider": "acme"}, "provider", "invalid_choice"),
            ({"is_available": "maybe"}, "is_available", "invalid"),
            ({"serach": "x"}, "serach", "unknown_parameter"),
        ],
    )
    def test_rejects_an_unknown_filter(
        self, api: APIClient, query: dict[str, str], field: str, code: str
    ) -> None:
        response = api.get(MODELS, query)

        assert response.status_code == 400
        assert response.data["errors"][field][0]["code"] == code

    def test_does_not_return_keys(
        self, api: APIClient, deploy: Deploy, provider: FakeProvider
    ) -> None:
        deploy(openai=("sk-very-secret", "http://127.0.0.1:9/v1"))

        models, providers = rows(api, MODELS), rows(api, PROVIDER_LIST)

        assert models
        assert providers
        assert "sk-very-secret" not in str(models) + str(providers)


class TestProviders:
    def test_lists_all_providers(self, api: APIClient) -> None:
        listed = rows(api, PROVIDER_LIST)

        assert [row["name"] for row in listed] == list(PROVIDERS)
        assert {row["is_configured"] for row in listed if row["name"] != "ollama"} == {
            False
        }

    def test_a_provider_with_a_key_is_configured(
        self, api: APIClient, deploy: Deploy, provider: FakeProvider
    ) -> None:
        deploy(openai=("sk-1", f"{provider.url}/v1"))

        row = rows(api, PROVIDER_LIST)[1]

        assert row == {
            "name": "openai",
            "title": "OpenAI",
            "is_configured": True,
            "reason": "",
        }

    def test_a_reachable_server_without_a_key_is_configured(
        self, api: APIClient, deploy: Deploy, provider: FakeProvider
    ) -> None:
        deploy(ollama=("", provider.url))

        (row,) = (row for row in rows(api, PROVIDER_LIST) if row["name"] == "ollama")

        assert row["is_configured"]
        assert [model["name"] for model in rows(api, provider="ollama")] == [
            "fake",
            "fake-large",
        ]
