"""The providers that Agentarium can call, and what each needs to be told."""

from dataclasses import dataclass
from typing import Literal

# `openai` is our own client of the OpenAI-compatible wire; `pydantic` goes through
# pydantic-ai's model classes; `builtin` is the model in a package, on our own client.
Wire = Literal["openai", "pydantic", "builtin"]


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One provider. A variable is the provider's own name in the environment."""

    name: str
    title: str
    wire: Wire
    key_variable: str = ""
    url_variable: str = ""
    base_url: str = ""
    is_key_required: bool = True
    models: tuple[str, ...] = ()


_SPECS = (
    ProviderSpec("builtin", "Built-in", "builtin", is_key_required=False),
    ProviderSpec(
        "openai",
        "OpenAI",
        "openai",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
        base_url="https://api.openai.com/v1",
        models=("gpt-4o-mini", "gpt-4o"),
    ),
    ProviderSpec(
        "anthropic",
        "Anthropic",
        "pydantic",
        key_variable="ANTHROPIC_API_KEY",
        url_variable="ANTHROPIC_BASE_URL",
    ),
)

PROVIDERS: dict[str, ProviderSpec] = {spec.name: spec for spec in _SPECS}
