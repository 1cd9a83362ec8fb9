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
from agentarium.runtime.tests.model_calls import ask
from bench.fake_provider import FakeProvider

MakeClients = Callable[..., ModelClients]


@pytest.fixture
async def clients_of() -> AsyncIterator[MakeClients]:
    made: list[ModelClients] = []

    def make(**configs: ProviderConfig) -> ModelClients:
        made.append(ModelClients(configs))
        return made[-1]

    yield make
    for clients in made:
        await clients.aclose()


def refusal(clients: ModelClients, model: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        clients.get(model)
    return caught.value


@pytest.mark.parametrize(
    "name", [spec.name for spec in PROVIDERS.values() if spec.api == "openai"]
)
async def test_calls_every_provider_of_the_openai_wire(
    clients_of: MakeClients, provider: FakeProvider, name: str
) -> None:
    config = ProviderConfig("sk-1", f"{provider.url}/v1")
    clients = clients_of(**{name: config})

    answer = await ask(clients.get(f"{name}:fake,text=it:works"))

    assert answer.text == "it:works"
    assert provider.received[-1].headers["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize("name", ["anthropic", "google", "mistral"])
async def test_calls_the_providers_that_have_a_wire_of_their_own(
    clients_of: MakeClients, provider: FakeProvider, name: str
) -> None:
    clients = clients_of(**{name: ProviderConfig("sk-1", provider.url)})

    assert (await ask(clients.get(f"{name}:fake,text=yes"))).text == "yes"


async def test_takes_a_bare_name_for_one_of_openai(
    clients_of: MakeClients, provider: FakeProvider
) -> None:
    clients = clients_of(openai=ProviderConfig("sk-1", f"{provider.url}/v1"))

    await ask(clients.get("gpt-4o-mini"))

    assert provider.received[-1].body["model"] == "gpt-4o-mini"


async def test_shares_clients_and_connections(
    clients_of: MakeClients, provider: FakeProvider
) -> None:
    clients = clients_of(openai=ProviderConfig("sk-1", f"{provider.url}/v1"))

    await ask(clients.get("openai:fake"))
    await ask(clients.get("openai:fake-large"))

    assert clients.get("openai:fake") is clients.get("openai:fake")
    assert provider.connections == 1


async def test_keeps_no_more_clients_than_it_may(
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
def test_knows_no_other_providers(clients_of: MakeClients, model: str) -> None:
    assert refusal(clients_of(), model).code == "model_unavailable"


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("openai:gpt-4o-mini", "OPENAI_API_KEY"),
        ("anthropic:claude-haiku-5-5", "ANTHROPIC_API_KEY"),
        ("openai-compatible:x", "OPENAI_COMPATIBLE_BASE_URL"),
    ],
)
def test_says_what_to_set(clients_of: MakeClients, model: str, says: str) -> None:
    error = refusal(clients_of(), model)

    assert error.code == "model_unavailable"
    assert says in error.detail


def test_says_that_an_address_is_missing_beside_a_key(clients_of: MakeClients) -> None:
    error = refusal(clients_of(azure=ProviderConfig("key")), "azure:my-deployment")

    assert "AZURE_OPENAI_ENDPOINT" in error.detail


def test_says_that_the_weights_are_missing(
    clients_of: MakeClients, tmp_path: Path
) -> None:
    config = ProviderConfig(builtin=BuiltinConfig(tmp_path))

    error = refusal(clients_of(builtin=config), "builtin:smollm2-135m-instruct")

    assert error.code == "model_unavailable"
    assert "weights" in error.detail


def test_says_that_a_library_is_missing(
    clients_of: MakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "is_installed", lambda _: False)

    error = refusal(clients_of(google=ProviderConfig("key")), "google:gemini")

    assert error.code == "model_unavailable"
    assert "google.genai" in error.detail


@pytest.mark.parametrize(
    ("provider", "told", "url"),
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
def test_finds_the_address(provider: str, told: str, url: str) -> None:
    assert PROVIDERS[provider].url(told) == url


def test_never_shows_a_key() -> None:
    assert "sk-1" not in repr(ProviderConfig("sk-1"))


def test_imports_no_wire_before_it_is_used() -> None:
    program = (
        "import sys; import agentarium.runtime.providers.registry; "
        "sys.exit(bool({'aiohttp', 'pydantic_ai', 'xllamacpp'} & sys.modules.keys()))"
    )
    package = Path(agentarium.__file__).parent.parent

    ended = subprocess.run([sys.executable, "-c", program], cwd=package, check=False)  # noqa: S603

    assert ended.returncode == 0
