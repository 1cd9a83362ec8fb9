"""URL templates of HTTP tools; arguments cannot change the host."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from agentarium.runtime.tools.base import ToolError
from agentarium.runtime.tools.path_segments import climbs

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")

# Servers refuse longer addresses, and quoting takes time.
MAX_EXPANDED_CHARS = 16_000
MAX_PATH_CHARS = 8_192
NO_SECRETS: Mapping[str, str] = MappingProxyType({})


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
        if climbs(_PLACEHOLDER.sub("x", parts.path)):
            raise TemplateError("Write the path without . and .. segments.")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = parts.path or "/"
        self._query = parts.query
        self.names = frozenset(_PLACEHOLDER.findall(template))
        self.query_names = frozenset(
            name for name, _ in parse_qsl(parts.query, keep_blank_values=True)
        )

    def expand(
        self,
        arguments: Mapping[str, Any],
        query: Mapping[str, Any],
        secrets: Mapping[str, str] = NO_SECRETS,
    ) -> str:
        """The address for these arguments, with `query` added. Raises `ToolError`.

        A secret fills the placeholder with its name, or is added to the query. No
        argument takes its place.
        """
        self._check_length(arguments, query)
        if taken := sorted(secrets.keys() & {*arguments, *query}):
            raise ToolError(f"Leave out `{taken[0]}`: the tool sets it itself.")
        path = _PLACEHOLDER.sub(
            lambda match: _in_path(arguments, secrets, match.group(1)), self._path
        )
        if len(path) > MAX_PATH_CHARS:
            raise ToolError(f"The address is longer than {MAX_PATH_CHARS} characters.")
        if climbs(path):
            raise ToolError(
                "An argument must not have . or .. between slashes, encoded or not: it is"
                " part of the path of this tool's address."
            )
        values = {**arguments, **secrets}
        fixed = _PLACEHOLDER.sub(
            lambda match: quote(_text(values.get(match.group(1), "")), safe=""),
            self._query,
        )
        unplaced = {name: secrets[name] for name in secrets if name not in self.names}
        added = urlencode(
            {
                name: _query_value(value)
                for name, value in {**query, **unplaced}.items()
            },
            doseq=True,
        )
        joined = "&".join(filter(None, (fixed, added)))
        return f"{self._origin}{path}" + (f"?{joined}" if joined else "")

    def _check_length(
        self, arguments: Mapping[str, Any], query: Mapping[str, Any]
    ) -> None:
        """Raise `ToolError` before a long address is built."""
        names = _PLACEHOLDER.findall(self.template)
        used = {name: len(_text(arguments.get(name, ""))) for name in self.names}
        length = len(self.template) + sum(used[name] for name in names)
        for name, value in query.items():
            values = value if isinstance(value, list) else [value]
            # Each of them repeats the name.
            length += len(values) * (len(name) + 2)
            if length > MAX_EXPANDED_CHARS:
                break
            length += sum(len(_text(item)) for item in values)
        if length > MAX_EXPANDED_CHARS:
            raise ToolError(
                f"The address would be longer than {MAX_EXPANDED_CHARS:,} characters. "
                "Send less text."
            )


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any(char in text for char in "{} \\")


def _in_path(
    arguments: Mapping[str, Any], secrets: Mapping[str, str], name: str
) -> str:
    if name in secrets:
        # The owner's own: it may be several segments, as in the address of a webhook.
        return quote(secrets[name], safe="/:")
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
