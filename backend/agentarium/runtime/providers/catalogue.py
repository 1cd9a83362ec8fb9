"""The providers that Agentarium can call, and the settings that each one needs."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

# `openai` is our own client for OpenAI-compatible APIs; `pydantic` uses pydantic-ai's
# model classes; `builtin` is the local model, called through our own client.
ProviderApi = Literal["openai", "pydantic", "builtin"]

DEFAULT_PROVIDER = "openai"
BUILTIN_MODEL = "smollm2-135m-instruct"


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One provider. The `*_variable` fields name environment variables.

    `base_url` is the default address; without one, the operator has to set it.
    `url_path` is appended to an address without a path. `package` is the Python package
    that is needed to call it. `models` suggests a few models; others work too.
    """

    name: str
    title: str
    api: ProviderApi
    key_variable: str = ""
    other_key_variable: str = ""
    url_variable: str = ""
    other_url_variable: str = ""
    base_url: str = ""
    url_path: str = ""
    is_key_required: bool = True
    package: str = ""
    reasoning_field: str = ""
    models: tuple[str, ...] = ()

    def url(self, configured: str) -> str:
        """The address to call, given the configured one, which may be empty."""
        text = configured.strip()
        if not text:
            return self.base_url
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if not parts.path.strip("/"):
            parts = parts._replace(path=self.url_path)
        # OLLAMA_HOST may be the address to listen on.
        host = parts.netloc.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        return urlunsplit(parts._replace(netloc=host)).rstrip("/")


_SPECS = (
    ProviderSpec(
        "builtin",
        "Built-in",
        "builtin",
        is_key_required=False,
        package="xllamacpp",
        models=(BUILTIN_MODEL,),
    ),
    ProviderSpec(
        "openai",
        "OpenAI",
        "openai",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
        base_url="https://api.openai.com/v1",
        models=("gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-5-mini", "gpt-5", "gpt-6-sol"),
    ),
    ProviderSpec(
        "anthropic",
        "Anthropic",
        "pydantic",
        key_variable="ANTHROPIC_API_KEY",
        url_variable="ANTHROPIC_BASE_URL",
        base_url="https://api.anthropic.com",
        package="anthropic",
        models=("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"),
    ),
    ProviderSpec(
        "google",
        "Google",
        "pydantic",
        key_variable="GOOGLE_API_KEY",
        other_key_variable="GEMINI_API_KEY",
        url_variable="GOOGLE_BASE_URL",
        base_url="https://generativelanguage.googleapis.com",
        package="google.genai",
        models=("gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-3.1-pro-preview"),
    ),
    ProviderSpec(
        "mistral",
        "Mistral",
        "pydantic",
        key_variable="MISTRAL_API_KEY",
        url_variable="MISTRAL_BASE_URL",
        base_url="https://api.mistral.ai",
        package="mistralai",
        models=(
            "mistral-small-latest",
            "mistral-medium-latest",
            "mistral-large-latest",
            "codestral-latest",
        ),
    ),
    ProviderSpec(
        "azure",
        "Azure OpenAI",
        "openai",
        key_variable="AZURE_OPENAI_API_KEY",
        url_variable="AZURE_OPENAI_ENDPOINT",
        url_path="/openai/v1",
    ),
    ProviderSpec(
        "groq",
        "Groq",
        "openai",
        key_variable="GROQ_API_KEY",
        url_variable="GROQ_BASE_URL",
        base_url="https://api.groq.com/openai/v1",
        url_path="/openai/v1",
        models=("openai/gpt-oss-20b", "openai/gpt-oss-120b", "qwen/qwen3.8-27b"),
    ),
    ProviderSpec(
        "deepseek",
        "DeepSeek",
        "openai",
        key_variable="DEEPSEEK_API_KEY",
        url_variable="DEEPSEEK_BASE_URL",
        base_url="https://api.deepseek.com",
        reasoning_field="reasoning_content",
        models=("deepseek-flash", "deepseek-v4-pro"),
    ),
    ProviderSpec(
        "openrouter",
        "OpenRouter",
        "openai",
        key_variable="OPENROUTER_API_KEY",
        url_variable="OPENROUTER_BASE_URL",
        base_url="https://openrouter.ai/api/v1",
        reasoning_field="reasoning",
    ),
    ProviderSpec(
        "xai",
        "xAI",
        "openai",
        key_variable="XAI_API_KEY",
        url_variable="XAI_BASE_URL",
        base_url="https://api.x.ai/v1",
        models=("grok-4.3", "grok-4.7"),
    ),
    ProviderSpec(
        "together",
        "Together AI",
        "openai",
        key_variable="TOGETHER_API_KEY",
        url_variable="TOGETHER_BASE_URL",
        base_url="https://api.together.xyz/v1",
        models=("openai/gpt-oss-120b", "moonshotai/Kimi-K3", "zai-org/GLM-5.3"),
    ),
    ProviderSpec(
        "fireworks",
        "Fireworks AI",
        "openai",
        key_variable="FIREWORKS_API_KEY",
        url_variable="FIREWORKS_BASE_URL",
        base_url="https://api.fireworks.ai/inference/v1",
    ),
    ProviderSpec(
        "ollama",
        "Ollama",
        "openai",
        key_variable="OLLAMA_API_KEY",
        url_variable="OLLAMA_BASE_URL",
        other_url_variable="OLLAMA_HOST",
        base_url="http://127.0.0.1:11434/v1",
        url_path="/v1",
        is_key_required=False,
    ),
    ProviderSpec(
        "openai-compatible",
        "OpenAI-compatible server",
        "openai",
        key_variable="OPENAI_COMPATIBLE_API_KEY",
        url_variable="OPENAI_COMPATIBLE_BASE_URL",
        url_path="/v1",
        is_key_required=False,
    ),
)

BUILT_IN_PROVIDERS = frozenset(spec.name for spec in _SPECS)
# All providers; the settings add the servers that the operator declares.
PROVIDERS: dict[str, ProviderSpec] = {spec.name: spec for spec in _SPECS}


def split_model(model: str) -> tuple[str, str]:
    """The provider and the name in `provider:name`; a bare name is OpenAI's."""
    provider, colon, name = model.partition(":")
    return (provider, name) if colon else (DEFAULT_PROVIDER, model)


def model_name(text: str) -> str:
    """Return `text` if it names a model of a known provider; raise `ValueError` if not."""
    provider, name = split_model(text)
    if provider in PROVIDERS and name:
        return text
    raise ValueError(
        f"is {text[:80]!r}: write provider:model, with one of these providers: "
        f"{', '.join(PROVIDERS)}."
    )
