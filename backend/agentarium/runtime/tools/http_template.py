"""URL templates of HTTP tools; arguments cannot change the host."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from agentarium.runtime.tools.base import ToolError

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_DOT_SEGMENTS = frozenset({".", ".."})


class TemplateError(ValueError):
    """A template that cannot be used; the message says why."""


class UrlTemplate:
    """`https://api.example/users/{id}?q={query}`. Raises `TemplateError`."""

    def __init__(self, template: str) -> None:
        self.template = template
        try:
            parts = urlsplit(template)
        except ValueError as error:
            raise TemplateError("This is not a complete address.") from error
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise TemplateError("Write a complete address with http:// or https://.")
        if "{" in parts.netloc or "}" in parts.netloc:
            raise TemplateError(
                "The host must be fixed. Remove the {placeholder} before the path."
            )
        if parts.fragment or "#" in template:
            raise TemplateError(
                "The address must not have a fragment. Remove the # part."
            )
        if not _is_plain(_PLACEHOLDER.sub("", template)):
            raise TemplateError(
                "Write placeholders as {name}, with letters, digits and _, and no spaces."
            )
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = parts.path or "/"
        self._query = parts.query
        self.names = frozenset(_PLACEHOLDER.findall(template))

    def expand(self, arguments: Mapping[str, Any], query: Mapping[str, Any]) -> str:
        """The address for these arguments, with `query` added. Raises `ToolError`."""
        path = _PLACEHOLDER.sub(
            lambda match: _in_path(arguments, match.group(1)), self._path
        )
        if not _DOT_SEGMENTS.isdisjoint(path.lower().replace("%2e", ".").split("/")):
            raise ToolError(
                "An argument must not be . or .. in the path of this tool's address."
            )
        fixed = _PLACEHOLDER.sub(
            lambda match: quote(_text(arguments.get(match.group(1), "")), safe=""),
            self._query,
        )
        added = urlencode(
            {name: _query_value(value) for name, value in query.items()}, doseq=True
        )
        joined = "&".join(filter(None, (fixed, added)))
        return f"{self._origin}{path}" + (f"?{joined}" if joined else "")


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any(char in text for char in "{} \\")


def _in_path(arguments: Mapping[str, Any], name: str) -> str:
    text = _text(arguments.get(name, ""))
    if not text:
        # It would change the address: /users//keys instead of /users/7/keys.
        raise ToolError(f"`{name}` must not be empty: it is part of the address.")
    return quote(text, safe="")


def _query_value(value: Any) -> str | list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    match value:
        case str():
            # A model may send a lone surrogate, which no address can hold.
            return value.encode(errors="replace").decode()
        case None:
            return ""
        case _:
            # Not orjson, which refuses integers beyond 64 bits.
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
