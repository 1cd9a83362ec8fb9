"""The list of models of a server with an OpenAI-compatible API."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.runtime.providers.failures import CalledModel, provider_failure
from agentarium.runtime.providers.http import HttpPool, proxy_for, timeouts
from agentarium.runtime.providers.openai.client import (
    OpenAIEndpoint,
    connection_failure,
    headers_for,
    read_limited,
)

MAX_MODELS = 1000
MAX_NAME_CHARS = 190
_MAX_BYTES = 8 * 1024 * 1024
# Providers list all of their models, also those that are not for chat.
_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|transcribe|moderation|dall-e|image|audio|realtime|live|sora"
    r"|davinci|babbage|translate|rerank|speech",
    re.IGNORECASE,
)
# Some servers have no list of models.
_NO_LIST = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


async def list_models(
    endpoint: OpenAIEndpoint,
    pool: HttpPool,
    *,
    within: float,
    headers: Mapping[str, str] | None = None,
) -> list[str] | None:
    """The names of the chat models, or None if the server has no list.

    `headers` replace the default ones, for APIs with another header for the key.
    Raises `ProviderError`, also when the response takes longer than `within` seconds.
    """
    try:
        async with asyncio.timeout(within):
            return await _fetch(endpoint, pool, headers or headers_for(endpoint))
    except TimeoutError:
        raise ProviderError(
            ProviderErrorCode.TIMEOUT,
            f"{endpoint.title} did not list its models within {within:g} seconds.",
            is_transient=True,
        ) from None
    except (aiohttp.ClientError, OSError) as error:
        # First, because an invalid certificate is a `ValueError`, too.
        raise connection_failure(endpoint, error) from None
    except ValueError:
        raise _malformed(endpoint) from None


async def _fetch(
    endpoint: OpenAIEndpoint, pool: HttpPool, headers: Mapping[str, str]
) -> list[str] | None:
    url = f"{endpoint.base_url.rstrip('/')}/models"
    async with pool.session().get(
        url,
        headers=headers,
        timeout=timeouts(endpoint.read_timeout),
        proxy=proxy_for(url),
        allow_redirects=False,
    ) as response:
        if response.status in _NO_LIST:
            return None
        if response.status != HTTPStatus.OK:
            called = CalledModel(endpoint.title, model="")
            raise provider_failure(response.status, called, is_response=True)
        body = await read_limited(response, _MAX_BYTES)
    return _names(endpoint, orjson.loads(body))


def _names(endpoint: OpenAIEndpoint, body: Any) -> list[str]:
    """The names in a response body; Together sends a bare list."""
    # Google uses `models` and `name`.
    rows = body.get("data", body.get("models")) if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise _malformed(endpoint)
    names = (row.get("id", row.get("name")) for row in rows if isinstance(row, dict))
    chat_models = (
        name
        for name in names
        if isinstance(name, str)
        and 0 < len(name) <= MAX_NAME_CHARS
        and not _NOT_FOR_CHAT.search(name)
    )
    return sorted(set(chat_models))[:MAX_MODELS]


def _malformed(endpoint: OpenAIEndpoint) -> ProviderError:
    return ProviderError(
        ProviderErrorCode.PROTOCOL,
        f"{endpoint.title} did not return a list of models. Check the base URL.",
    )
