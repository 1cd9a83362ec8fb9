"""Lists of hosts that narrow down what requests may reach.

An entry is a host (`docs.example.com`) or all hosts below a domain (`*.example.org`, at
any depth, without the domain itself). Without a port it stands for the default port of
the URL's scheme, with one (`docs.example.com:8443`) for that port only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

from yarl import URL

MAX_HOST_CHARS = 253
_LABEL = re.compile(r"\A[a-z0-9_-]{1,63}\Z")


class HostError(ValueError):
    """An entry that is not a host; the message says how to correct it."""


@dataclass(frozen=True, slots=True)
class HostPattern:
    """One entry. `name` is in ASCII, as it is resolved."""

    name: str
    port: int | None = None
    is_suffix: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an entry. Raises `HostError`."""
        _check_form(text)
        is_suffix = text.startswith("*.")
        try:
            url = URL(f"https://{text.removeprefix('*.')}")
            name, port = normalized_host(url.raw_host or ""), url.explicit_port
        except ValueError as error:
            raise HostError(f"{text!r} is not a host name.") from error
        if port == 0 or text.endswith(":"):
            raise HostError(f"{text!r} has no valid port.")
        if not _is_address(name):
            _check_name(text, name)
        elif is_suffix:
            raise HostError(f"{text!r}: an address has no hosts below it.")
        return cls(name, port, is_suffix)

    def matches(self, url: URL) -> bool:
        """Whether a URL has this host and port."""
        if not self._has_port_of(url):
            return False
        host = normalized_host(url.raw_host or "")
        return host.endswith(f".{self.name}") if self.is_suffix else host == self.name

    def covers(self, other: "HostPattern") -> bool:
        """Whether it matches all URLs that another entry matches."""
        if self.port != other.port:
            return False
        if self.is_suffix and other.name.endswith(f".{self.name}"):
            return True
        return (self.name, self.is_suffix) == (other.name, other.is_suffix)

    def _has_port_of(self, url: URL) -> bool:
        return url.is_default_port() if self.port is None else url.port == self.port


@dataclass(frozen=True, slots=True)
class HostList:
    """The hosts that some requests are limited to."""

    patterns: tuple[HostPattern, ...]
    # As they were written, for error messages.
    entries: tuple[str, ...]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Parse entries. Raises `HostError`."""
        texts = tuple(entries)
        return cls(tuple(HostPattern.parse(text) for text in texts), texts)

    def allows(self, url: URL) -> bool:
        return any(pattern.matches(url) for pattern in self.patterns)

    def covers(self, other: "HostList") -> bool:
        """Whether it allows all URLs that another list allows."""
        return all(
            any(pattern.covers(each) for pattern in self.patterns)
            for each in other.patterns
        )


def normalized_host(host: str) -> str:
    """A host as it is compared: lower case, without a final dot, addresses shortest."""
    name = host.lower().removesuffix(".")
    return ip_address(name).compressed if _is_address(name) else name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _check_form(text: str) -> None:
    if "://" in text:
        raise HostError(f"{text!r}: write the host only, without http:// or https://.")
    if "/" in text or "?" in text or "#" in text:
        raise HostError(f"{text!r}: write the host only, without a path.")
    if "*" in text.removeprefix("*."):
        raise HostError(
            f"{text!r}: * may only stand for everything before a domain: *.example.org. "
            "To allow every public host, leave the list empty."
        )
    if not text.isprintable() or re.search(r"[\s\\@%]", text):
        raise HostError(f"{text!r} is not a host name.")


def _check_name(text: str, name: str) -> None:
    labels = name.split(".")
    is_number = labels[-1].isdigit() or labels[-1].startswith("0x")
    if (
        len(name) > MAX_HOST_CHARS
        or is_number
        or not all(_LABEL.search(label) for label in labels)
    ):
        raise HostError(f"{text!r} is not a host name.")
