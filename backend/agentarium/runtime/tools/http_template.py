"""The address of an HTTP tool, with places for arguments that cannot change its host."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from agentarium.runtime.tools.base import ToolError

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_DOTS = frozenset({".", ".."})


class TemplateError(ValueError):
    """A template that cannot be used, with a sentence that says why."""


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
            raise TemplateError("The host must be fixed: no {place} before the path.")
        if parts.fragment or "#" in template:
            raise TemplateError("An address for requests has no # part.")
        if not _is_plain(_PLACE.sub("", template)):
            raise TemplateError(
                "Write places as {name}, with letters, digits and _, and no spaces."
            )
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = parts.path or "/"
        self._query = parts.query
        self.names = frozenset(_PLACE.findall(template))

    def expand(self, arguments: Mapping[str, Any], query: Mapping[str, Any]) -> str:
        """The address for these arguments, with `query` added. Raises `ToolError`."""
        path = _PLACE.sub(lambda found: _in_path(arguments, found.group(1)), self._path)
        if not _DOTS.isdisjoint(path.lower().replace("%2e", ".").split("/")):
            raise ToolError("An argument must not be . or .. in this tool's address.")
        asked = _PLACE.sub(
            lambda found: quote(_text(arguments.get(found.group(1), "")), safe=""),
            self._query,
        )
        added = urlencode(
            {name: _each(value) for name, value in query.items()}, doseq=True
        )
        together = "&".join(filter(None, (asked, added)))
        return f"{self._origin}{path}" + (f"?{together}" if together else "")


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any(mark in text for mark in "{} \\")


def _in_path(arguments: Mapping[str, Any], name: str) -> str:
    text = _text(arguments.get(name, ""))
    if not text:
        # Another address would be called: /users//keys instead of /users/7/keys.
        raise ToolError(f"`{name}` must not be empty: it is part of the address.")
    return quote(text, safe="")


def _each(value: Any) -> str | list[str]:
    return [_text(each) for each in value] if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            # Not orjson, which refuses integers beyond 64 bits.
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
