"""What can be called here and now."""

from collections.abc import Mapping

from django.conf import settings

from agentarium.runtime.providers.config import BuiltinConfig, ProviderConfig

BUILTIN_MODEL = "builtin:smollm2-135m-instruct"


def default_model() -> str:
    """The model of an agent that names none."""
    if settings.DEFAULT_MODEL:
        return str(settings.DEFAULT_MODEL)
    has_key = settings.PROVIDERS["openai"]["api_key"]
    return "openai:gpt-4o-mini" if has_key else BUILTIN_MODEL


def provider_configs() -> Mapping[str, ProviderConfig]:
    """What this deployment says about its providers, for whoever calls them."""
    builtin = BuiltinConfig(
        data=settings.DATA,
        weights=settings.BUILTIN_MODEL_WEIGHTS,
        threads=settings.BUILTIN_MODEL_THREADS,
    )
    return {
        name: ProviderConfig(said["api_key"], said["base_url"], builtin)
        for name, said in settings.PROVIDERS.items()
    }
