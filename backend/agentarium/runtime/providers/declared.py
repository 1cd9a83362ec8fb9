"""Servers with OpenAI's API that the operator declares, each a provider with a name.

In TOML, or the same as JSON:

    [vllm]
    url = "http://vllm.internal:8000/v1"
    title = "vLLM"                            # in messages; the name otherwise
    key = "sk-..."                            # or key_variable = "VLLM_KEY"
    headers = { "X-Team" = "agents" }
    models = ["qwen3"]                        # suggested if the server lists none
    prices = { "qwen3" = { input = "0.1", output = "0.4" } }   # "*" for all others
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from agentarium.runtime.providers.catalogue import BUILT_IN_PROVIDERS, ProviderSpec

MAX_SERVERS = 100
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
_OPTIONS = frozenset(
    {"url", "title", "key", "key_variable", "headers", "models", "prices"}
)


@dataclass(frozen=True, slots=True)
class DeclaredServer:
    """A provider and its settings; `prices` are by model, in the operator's form."""

    spec: ProviderSpec
    url: str
    key: str = field(default="", repr=False)
    key_variable: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    prices: Mapping[str, Any] = field(default_factory=dict)


def read_servers(text: str) -> list[DeclaredServer]:
    """Parse the declarations. Raises `ValueError`, whose message repeats no value."""
    declared = _parsed(text)
    if len(declared) > MAX_SERVERS:
        raise ValueError(f"has more than {MAX_SERVERS} servers.")
    return [_server(name, options) for name, options in declared.items()]


def _parsed(text: str) -> dict[str, Any]:
    try:
        is_json = text.lstrip().startswith("{")
        declared: Any = json.loads(text) if is_json else tomllib.loads(text)
    except ValueError as error:
        # The message of JSON errors has no content; that of TOML errors may have a name.
        raise ValueError(f"is not valid: {error}.") from error
    return dict(declared)


def _server(name: str, options: Any) -> DeclaredServer:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"has a server named {name[:40]!r}. Use lower-case letters, digits, - and _."
        )
    if name in BUILT_IN_PROVIDERS:
        raise ValueError(
            f"has a server named {name}, which is another provider's name."
        )
    if not isinstance(options, dict):
        raise ValueError(f"has no settings for {name}, but a value.")
    if unknown := sorted(options.keys() - _OPTIONS):
        raise ValueError(f"has an unknown setting of {name}: {unknown[0][:40]}.")
    title = _text(name, options, "title") or name
    return DeclaredServer(
        spec=ProviderSpec(
            name,
            title,
            "openai",
            url_path="/v1",
            is_key_required=False,
            models=_models(name, options.get("models", [])),
        ),
        url=_url(name, options),
        key=_text(name, options, "key"),
        key_variable=_text(name, options, "key_variable"),
        headers=_headers(name, options.get("headers", {})),
        prices=_table(name, options, "prices"),
    )


def _text(name: str, options: Mapping[str, Any], key: str) -> str:
    value = options.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"has a {key} of {name} that is not a text.")
    return value.strip()


def _table(name: str, options: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = options.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"has {key} of {name} that are not a table.")
    return value


def _url(name: str, options: Mapping[str, Any]) -> str:
    url = _text(name, options, "url")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"has no url of {name} that begins with http:// or https://.")
    return url


def _models(name: str, models: Any) -> tuple[str, ...]:
    if not isinstance(models, list) or not all(isinstance(m, str) for m in models):
        raise ValueError(f"has models of {name} that are not a list of names.")
    return tuple(models)


def _headers(name: str, headers: Any) -> dict[str, str]:
    is_valid = isinstance(headers, dict) and all(
        _HEADER_NAME.fullmatch(key)
        and isinstance(value, str)
        and _HEADER_VALUE.fullmatch(value)
        for key, value in headers.items()
    )
    if not is_valid:
        raise ValueError(f"has headers of {name} that cannot be sent.")
    return dict(headers)
