"""Finds the client for a model's name."""

from collections.abc import Mapping
from importlib.util import find_spec

from agentarium.runtime.builtin.weights import find_weights
from agentarium.runtime.providers.base import (
    ModelClient,
    ProviderError,
    ProviderErrorCode,
)
from agentarium.runtime.providers.catalogue import (
    PROVIDERS,
    ProviderSpec,
    split_model,
)
from agentarium.runtime.providers.client_factories import (
    BuiltinClientFactory,
    ClientFactory,
    OpenAIClientFactory,
    PydanticClientFactory,
)
from agentarium.runtime.providers.config import ProviderConfig

# Model names are free text, so their number has to be limited.
MAX_CLIENTS = 1000


class ModelClients:
    """Opens clients by the name of their model, and shares them between tasks.

    Bound to the event loop that first uses it. Clients own no resources: connections
    and processes belong to the factory of their provider.
    """

    def __init__(self, configs: Mapping[str, ProviderConfig]) -> None:
        self._configs = configs
        self._factories: dict[str, ClientFactory] = {}
        self._clients: dict[str, ModelClient] = {}

    def get(self, model: str) -> ModelClient:
        """The client for `provider:name`; a bare name is one of OpenAI's models.

        Raises `ProviderError` with the code `model_unavailable` if the model cannot be
        called here; `detail` says what to do about it.
        """
        client = self._clients.get(model)
        if client is None:
            client = self._clients[model] = open_client(
                model, self._configs, self._factories
            )
            if len(self._clients) > MAX_CLIENTS:
                del self._clients[next(iter(self._clients))]
        return client

    async def aclose(self) -> None:
        """Close all connections and stop the built-in model; calls in progress fail."""
        factories = [*self._factories.values()]
        self._factories.clear()
        self._clients.clear()
        for factory in factories:
            await factory.aclose()


def open_client(
    model: str,
    configs: Mapping[str, ProviderConfig],
    factories: dict[str, ClientFactory],
) -> ModelClient:
    """Open a client for a model. Adds its provider's factory to `factories` if missing."""
    provider, name = split_model(model)
    spec = PROVIDERS.get(provider)
    if spec is None or not name:
        raise ProviderError(
            ProviderErrorCode.MODEL_UNAVAILABLE,
            f"There is no provider {provider!r}. A model is named provider:name, with "
            f"one of these providers: {', '.join(PROVIDERS)}.",
        )
    config = configs.get(provider, ProviderConfig())
    if reason := why_unavailable(spec, config):
        raise ProviderError(ProviderErrorCode.MODEL_UNAVAILABLE, reason)
    if provider not in factories:
        factories[provider] = _new_factory(spec, config)
    return factories[provider].client(name)


def why_unavailable(spec: ProviderSpec, config: ProviderConfig) -> str:
    """Why the models of a provider cannot be called here; empty if they can.

    Checks settings and installed packages, and makes no requests.
    """
    if spec.package and not is_installed(spec.package):
        return f"{spec.title} needs the package {spec.package}, which is not installed."
    if spec.api == "builtin" and find_weights(config.builtin) is None:
        return (
            "The weights of the built-in model are missing. `agentarium up` downloads "
            "them at its first start, and so does `agentarium worker --model`."
        )
    if spec.is_key_required and not config.api_key:
        return f"{spec.title} needs a key. Set {spec.key_variable}."
    if spec.api != "builtin" and not spec.url(config.base_url):
        return f"{spec.title} needs an address. Set {spec.url_variable}."
    return ""


def is_installed(package: str) -> bool:
    """Whether a package can be imported. Does not import it."""
    root, _, _ = package.partition(".")
    # Finding `google.genai` imports `google`, so that `google` has to exist.
    return find_spec(root) is not None and find_spec(package) is not None


def _new_factory(spec: ProviderSpec, config: ProviderConfig) -> ClientFactory:
    if spec.api == "builtin":
        return BuiltinClientFactory(config.builtin)
    if spec.api == "pydantic":
        return PydanticClientFactory(spec, config)
    return OpenAIClientFactory(spec, config)
