"""The providers and models, and whether each one can be called now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

from agentarium.providers.listings import Listing, listings
from agentarium.providers.prices import price_of
from agentarium.runtime.prices import Price
from agentarium.runtime.providers import PROVIDERS, ProviderSpec
from agentarium.runtime.providers.catalogue import BUILTIN_MODEL as BUILTIN_NAME
from agentarium.runtime.providers.catalogue import split_model
from agentarium.runtime.providers.config import BuiltinConfig, ProviderConfig
from agentarium.runtime.providers.registry import why_unavailable

BUILTIN_MODEL = f"builtin:{BUILTIN_NAME}"


@dataclass(frozen=True, slots=True)
class ProviderState:
    """A provider. `reason` says why it cannot be called; empty if it can."""

    name: str
    title: str
    is_configured: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model; `id` is the value for an agent's `model`.

    `price` is None if it is not known.
    """

    id: str
    provider: str
    name: str
    is_available: bool
    reason: str
    is_default: bool
    price: Price | None


def provider_configs() -> Mapping[str, ProviderConfig]:
    """The settings of the providers, as the runtime's configuration."""
    builtin = BuiltinConfig(
        data=settings.DATA,
        weights=settings.BUILTIN_MODEL_WEIGHTS,
        threads=settings.BUILTIN_MODEL_THREADS,
    )
    return {
        name: ProviderConfig(
            values["api_key"], values["base_url"], builtin, values.get("headers", {})
        )
        for name, values in settings.PROVIDERS.items()
    }


def default_model() -> str:
    """The model of an agent that does not set one."""
    if settings.DEFAULT_MODEL:
        return str(settings.DEFAULT_MODEL)
    has_key = settings.PROVIDERS["openai"]["api_key"]
    return "openai:gpt-4o-mini" if has_key else BUILTIN_MODEL


def provider_states() -> list[ProviderState]:
    """All providers. Fetches the lists of models that are not cached."""
    configs = provider_configs()
    listed = listings(configs)
    return [
        _provider_state(spec, configs[spec.name], listed.get(spec.name))
        for spec in PROVIDERS.values()
    ]


def model_states(
    *, search: str = "", provider: str = "", is_available: bool | None = None
) -> list[ModelState]:
    """The models of all providers: the listed ones, or else well-known ones.

    The default model is always included. The arguments filter the result.
    """
    return [
        model
        for model in _all_models()
        if search.lower() in model.id.lower()
        and provider in ("", model.provider)
        and is_available in (None, model.is_available)
    ]


def _all_models() -> Iterator[ModelState]:
    configs = provider_configs()
    listed = listings(configs)
    default = ":".join(split_model(default_model()))
    for spec in PROVIDERS.values():
        listing = listed.get(spec.name)
        reason = _reason(spec, configs[spec.name], listing)
        for name in _names(spec, listing, default):
            model = f"{spec.name}:{name}"
            yield ModelState(
                id=model,
                provider=spec.name,
                name=name,
                is_available=not reason,
                reason=reason,
                is_default=model == default,
                price=price_of(model),
            )


def _provider_state(
    spec: ProviderSpec, config: ProviderConfig, listing: Listing | None
) -> ProviderState:
    reason = _reason(spec, config, listing)
    # A provider without key or address counts as configured only if it responds.
    is_set = bool(config.api_key or config.base_url or spec.api == "builtin")
    return ProviderState(
        name=spec.name,
        title=spec.title,
        is_configured=not why_unavailable(spec, config) and (is_set or not reason),
        reason=reason,
    )


def _reason(spec: ProviderSpec, config: ProviderConfig, listing: Listing | None) -> str:
    return why_unavailable(spec, config) or (listing.failure if listing else "")


def _names(spec: ProviderSpec, listing: Listing | None, default: str) -> Iterator[str]:
    names = spec.models if listing is None or listing.names is None else listing.names
    yield from names
    provider, name = split_model(default)
    if provider == spec.name and name not in names:
        yield name
