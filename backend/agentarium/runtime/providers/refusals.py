"""Why a provider refuses a request, in its own words.

Few servers send an identifier for each reason, and gateways replace those that they do
not know. So what a refusal means is read from its sentence, too.
"""

import re
from collections.abc import Mapping
from typing import Any

from agentarium.runtime.providers.base import ProviderErrorCode

MAX_MESSAGE_CHARS = 1_000
_MAX_READ_CHARS = 8_000
_MASK = "[secret]"
# A shorter key would mask ordinary words.
_MIN_SECRET_CHARS = 6

Code = ProviderErrorCode

_TOOLS = re.compile(
    r"(?:not|n't|no endpoints found that) support (?:the )?(?:use of )?"
    r"(?:tool|function)"
    r"|(?:tool|function)s?[`'\"]?(?:[ _-](?:use|calls?|calling|choice))? (?:is|are)"
    r" (?:not |un)(?:supported|available|enabled)"
    r"|unsupported[^.]{0,40}\b(?:tool|function)"
    r"|(?:tools?|tool choice)\b[^.]{0,40}\brequires? --"
)
_CONTEXT = re.compile(
    r"context[ _-]?(?:length|window|size|limit)|context is full"
    r"|(?:prompt|input|message|conversation|request)s? (?:is|are) too (?:long|large)"
    r"|maximum (?:context|input|prompt|number of (?:input )?tokens)"
    r"|too many (?:input |prompt )?tokens"
    r"|(?:input|prompt)[^.]{0,60}exceeds?[^.]{0,60}(?:tokens|limit|length|context)"
    r"|(?:exceed|longer than)[^.]{0,60}(?:max_model_len|max_seq_len|available context)"
    r"|reduce the length of the (?:messages|prompt|input)"
)
_CREDIT = re.compile(
    r"credit balance|insufficient[ _](?:credit|balance|funds|quota)"
    r"|(?:no|out of|not enough|requires more|add more|purchase|buy)[^.]{0,20} credits?\b"
    r"|payment required|top up|negative balance"
)
# At 429, Google and others say this of a rate limit.
_QUOTA = re.compile(r"exceeded your current quota|billing|spending limit")
_MODEL = re.compile(
    r"(?:unknown|invalid|unsupported|unrecognized|no such|wrong) model"
    r"|model(?: name)?\b[^.]{0,120}?\b(?:not found|not exist|n't exist|not available"
    r"|is not supported|not a valid|is invalid|was not found|not loaded)"
    r"|not a valid model|no endpoints found for|is not a (?:known )?model"
    r"|no model (?:named|with)|pulling it first"
)


def code_of(
    message: str, *, status: int, has_tools: bool = False
) -> ProviderErrorCode | None:
    """What a sentence says about the reason of a refusal; None if it is not known.

    The status decides what it can be about: a server that is loading a model says, too,
    that the model is not available.
    """
    text = message[:_MAX_READ_CHARS].lower()
    if status == 401:
        return None
    if status == 429:
        return Code.NO_CREDIT if _CREDIT.search(text) else None
    if has_tools and _TOOLS.search(text):
        return Code.TOOLS_NOT_SUPPORTED
    if _CONTEXT.search(text):
        return Code.CONTEXT_TOO_LONG
    return None if status >= 500 else _code_of_account(text)


def _code_of_account(text: str) -> ProviderErrorCode | None:
    if _CREDIT.search(text) or _QUOTA.search(text):
        return Code.NO_CREDIT
    return Code.MODEL_NOT_FOUND if _MODEL.search(text) else None


def message_in(error: Mapping[str, Any]) -> str:
    """The provider's own sentence in an error object."""
    found = (_text(error.get(name)) for name in ("message", "detail", "error", "msg"))
    message = next((text for text in found if text), "")
    if raw := _raw(error):
        message = f"{message}: {raw}" if message else raw
    return message


def bounded(message: str, *, secret: str = "") -> str:
    """A sentence as it may be shown: short, printable, without the key."""
    if len(secret.strip()) >= _MIN_SECRET_CHARS:
        message = message.replace(secret.strip(), _MASK)
    words = " ".join(message[:_MAX_READ_CHARS].split())
    text = "".join(character for character in words if character.isprintable())
    if len(text) > MAX_MESSAGE_CHARS:
        return text[: MAX_MESSAGE_CHARS - 1] + "…"
    return text


def _raw(error: Mapping[str, Any]) -> str:
    """What a provider told the gateway, in OpenRouter's error objects."""
    metadata = error.get("metadata")
    return _text(metadata.get("raw")) if isinstance(metadata, Mapping) else ""


def _text(value: Any) -> str:
    """The text of a field, which may be an error object, or a list of them."""
    match value:
        case str():
            return value.strip()
        case [{"msg": str(text)}, *_]:
            # FastAPI
            return text
        case {"message": str(text)}:
            return text
    return ""
