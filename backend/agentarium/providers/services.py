"""What can be called here and now, and why the rest cannot."""

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
    """A provider, and why it cannot be called where `reason` is not empty."""

    name: str
    title: str
    is_configured: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model; `id` is what an agent's `model` is set to.

    `price` is None where it is not known.
    """

    id: str
    provider: str
    name: str
    is_available: bool
    reason: str
    is_default: bool
    price: Price | None


def provider_configs() -> Mapping[str, ProviderConfig]:
    """The settings, in the form that the runtime wants."""
    builtin = BuiltinConfig(
        data=settings.DATA,
        weights=settings.BUILTIN_MODEL_WEIGHTS,
        threads=settings.BUILTIN_MODEL_THREADS,
    )
    return {
        name: ProviderConfig(told["api_key"], told["base_url"], builtin)
        for name, told in settings.PROVIDERS.items()
    }


def default_model() -> str:
    """The model of an agent that names none."""
    if settings.DEFAULT_MODEL:
        return str(settings.DEFAULT_MODEL)
    has_key = settings.PROVIDERS["openai"]["api_key"]
    return "openai:gpt-4o-mini" if has_key else BUILTIN_MODEL


def provider_states() -> list[ProviderState]:
    """All providers. Asks those that can be asked for their models."""
    configs = provider_configs()
    listed = listings(configs)
    return [
        _provider_state(spec, configs[spec.name], listed.get(spec.name))
        for spec in PROVIDERS.values()
    ]


def model_states(
    *, search: str = "", provider: str = "", is_available: bool | None = None
) -> list[ModelState]:
    """The models of all providers: those they list, else those that are well known.

    The default one is always among them. The arguments leave out what does not match.
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
    # What needs no key is there only if it answers, unless somebody says where it is.
    is_told = bool(config.api_key or config.base_url or spec.api == "builtin")
    return ProviderState(
        name=spec.name,
        title=spec.title,
        is_configured=not why_unavailable(spec, config) and (is_told or not reason),
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
