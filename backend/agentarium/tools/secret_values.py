"""The secrets that a task's tools and models use, which must not appear in its output."""

from collections.abc import Iterable, Iterator, Mapping

from django.conf import settings
from yarl import URL

from agentarium.core.encryption import UnreadableSecretError
from agentarium.providers.services import provider_configs
from agentarium.runtime.tools.masking import SecretMask, mask_of, secrets_of_headers
from agentarium.tools.models import DeclaredModel, McpServer

# Variables of operators' programs with these words in their names are secrets.
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH")


def secret_mask(rows: Iterable[DeclaredModel] = ()) -> SecretMask:
    """The mask of the secrets of these rows, and of the providers' keys."""
    values = {value for row in rows for value in secrets_of(row)}
    return mask_of(frozenset(values | set(_provider_secrets())))


def secrets_of(row: DeclaredModel) -> Iterator[str]:
    """The secrets of a tool or server, without those that cannot be decrypted."""
    try:
        yield from secrets_of_headers(row.revealed_headers())
        yield from row.revealed_url_secrets().values()
    except UnreadableSecretError:
        return
    if isinstance(row, McpServer) and row.owner_id is None:
        yield from _program_secrets(row.name)


def _program_secrets(name: str) -> Iterator[str]:
    variables: Mapping[str, str] = settings.MCP_STDIO.get(name, {}).get("env", {})
    for variable, value in variables.items():
        if any(word in variable.upper() for word in _SECRET_WORDS):
            yield str(value)


def _provider_secrets() -> Iterator[str]:
    for config in provider_configs().values():
        yield config.api_key
        yield from secrets_of_headers(config.headers)
        yield URL(config.base_url).password or "" if config.base_url else ""
