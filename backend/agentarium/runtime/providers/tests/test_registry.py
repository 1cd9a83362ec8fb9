import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

import agentarium
from agentarium.runtime.providers import registry
from agentarium.runtime.providers.base import ProviderError
from agentarium.runtime.providers.catalogue import PROVIDERS
from agentarium.runtime.providers.config import BuiltinConfig, ProviderConfig
from agentarium.runtime.providers.registry import ModelClients
from agentarium.runtime.providers.tests.model_calls import call_model
from bench.fake_provider import FakeProvider

MakeClients = Callable[..., ModelClients]


@pytest.fixture
async def clients_of() -> AsyncIterator[MakeClients]:
    opened: list[ModelClients] = []

    def make(**configs: ProviderConfig) -> ModelClients:
        opened.append(ModelClients(configs))
        return opened[-1]

    yield make
    for clients in opened:
        await clients.aclose()


def error_for(clients: ModelClients, model: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        clients.get(model)
    return caught.value


@pytest.mark.parametrize(
    "name", [spec.name for spec in PROVIDERS.values() if spec.api == "openai"]
)
async def test_calls_every_provider_with_an_openai_compatible_api(
    clients_of: MakeClients, provider: FakeProvider, name: str
) -> None:
    config = ProviderConfig("sk-1", f"{provider.url}/v1")
    clients = clients_of(**{name: config})

    output = await call_model(clients.get(f"{name}:fake,text=it:works"))

    assert output.text == "it:works"
    assert provider.received[-1].headers["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize("name", ["anthropic", "google", "mistral"])
async def test_calls_the_providers_with_their_own_api(
    clients_of: MakeClients, provider: FakeProvider, name: str
) -> None:
    clients = clients_of(**{name: ProviderConfig("sk-1", provider.url)})

    assert (await call_model(clients.get(f"{name}:fake,text=yes"))).text == "yes"


async def test_a_bare_name_is_a_model_of_openai(
    clients_of: MakeClients, provider: FakeProvider
) -> None:
    clients = clients_of(openai=ProviderConfig("sk-1", f"{provider.url}/v1"))

    await call_model(clients.get("gpt-4o-mini"))

    assert provider.received[-1].body["model"] == "gpt-4o-mini"


async def test_shares_clients_and_connections(
    clients_of: MakeClients, provider: FakeProvider
) -> None:
    clients = clients_of(openai=ProviderConfig("sk-1", f"{provider.url}/v1"))

    await call_model(clients.get("openai:fake"))
    await call_model(clients.get("openai:fake-large"))

    assert clients.get("openai:fake") is clients.get("openai:fake")
    assert provider.connections == 1


async def test_limits_the_number_of_clients(
    clients_of: MakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_CLIENTS", 2)
    clients = clients_of(openai=ProviderConfig("sk-1"))

    oldest = clients.get("openai:a")
    clients.get("openai:b")
    newest = clients.get("openai:c")

    assert clients.get("openai:c") is newest
    assert clients.get("openai:a") is not oldest


@pytest.mark.parametrize("model", ["acme:large", "llama3.2:3b", ":x", "openai:", ""])
def test_rejects_unknown_providers(clients_of: MakeClients, model: str) -> None:
    assert error_for(clients_of(), model).code == "model_unavailable"


@pytest.mark.parametrize(
    ("model", "setting"),
    [
        ("openai:gpt-4o-mini", "OPENAI_API_KEY"),
        ("anthropic:claude-haiku-5-5", "ANTHROPIC_API_KEY"),
        ("openai-compatible:x", "OPENAI_COMPATIBLE_BASE_URL"),
    ],
)
def test_names_the_missing_setting(
    clients_of: MakeClients, model: str, setting: str
) -> None:
    error = error_for(clients_of(), model)

    assert error.code == "model_unavailable"
    assert setting in error.detail


def test_names_a_missing_address_if_the_key_is_set(clients_of: MakeClients) -> None:
    error = error_for(clients_of(azure=ProviderConfig("key")), "azure:my-deployment")

    assert "AZURE_OPENAI_ENDPOINT" in error.detail


def test_reports_missing_weights(clients_of: MakeClients, tmp_path: Path) -> None:
    config = ProviderConfig(builtin=BuiltinConfig(tmp_path))

    error = error_for(clients_of(builtin=config), "builtin:smollm2-135m-instruct")

    assert error.code == "model_unavailable"
    assert "weights" in error.detail


def test_reports_a_missing_package(
    clients_of: MakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "is_installed", lambda _: False)

    error = error_for(clients_of(google=ProviderConfig("key")), "google:gemini")

    assert error.code == "model_unavailable"
    assert "google.genai" in error.detail


@pytest.mark.parametrize(
    ("provider", "configured", "url"),
    [
        ("openai", "", "https://api.openai.com/v1"),
        ("openai", "http://localhost:9/v1/", "http://localhost:9/v1"),
        ("ollama", "", "http://127.0.0.1:11434/v1"),
        ("ollama", "0.0.0.0:11434", "http://127.0.0.1:11434/v1"),
        ("ollama", "http://gpu:11434", "http://gpu:11434/v1"),
        ("ollama", "http://gpu:11434/v1", "http://gpu:11434/v1"),
        ("azure", "https://a.azure.com/", "https://a.azure.com/openai/v1"),
        ("azure", "", ""),
    ],
)
def test_completes_the_address(provider: str, configured: str, url: str) -> None:
    assert PROVIDERS[provider].url(configured) == url


def test_never_shows_a_key() -> None:
    assert "sk-1" not in repr(ProviderConfig("sk-1"))


def test_imports_no_client_library_before_its_first_use() -> None:
    program = (
        "import sys; import agentarium.runtime.providers.registry; "
        "sys.exit(bool({'aiohttp', 'pydantic_ai', 'xllamacpp'} & sys.modules.keys()))"
    )
    package = Path(agentarium.__file__).parent.parent

    result = subprocess.run([sys.executable, "-c", program], cwd=package, check=False)  # noqa: S603

    assert result.returncode == 0
