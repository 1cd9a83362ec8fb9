"""Validation of URLs in environment variables.

Each function raises `ValueError` with the rest of a sentence that begins with the
variable's name: what is wrong, then what to do. URLs contain passwords, so no sentence
quotes a whole URL.
"""

from collections.abc import Sequence
from urllib.parse import SplitResult, parse_qs, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
BROKERS = (
    "redis",
    "rediss",
    "redis+socket",
    "sentinel",
    "amqp",
    "amqps",
    "pyamqp",
)
REDIS = ("redis", "rediss", "unix")
# The URLs of these schemes name a socket's file, not a host.
_SOCKETS = ("redis+socket", "unix")


def public_url(text: str) -> str:
    """The URL that people type into the browser: a scheme, a host, perhaps a port."""
    parts = split_url(
        text, schemes=("https", "http"), example="https://agents.example.com"
    )
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user or a password: remove everything up to the @.")
    if parts.path.strip("/"):
        raise ValueError(
            f"has the path {parts.path}: remove it, and give Agentarium its own host "
            "name or port, because it only works at the root."
        )
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment: remove everything after the host.")
    host = _host(parts)
    port = parts.port
    is_usual = port is None or port == DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{port}")


def http_url(text: str) -> str:
    """The URL of another HTTP service."""
    parts = split_url(text, schemes=("https", "http"), example="http://collector:4318")
    _host(parts)
    return text


def broker_url(text: str) -> str:
    """The URL of one broker, or of several, separated by semicolons."""
    for each in text.split(";"):
        parts = split_url(each, schemes=BROKERS, example="redis://host:6379/0")
        if parts.scheme not in ("sentinel", *_SOCKETS):
            _check_redis(parts)
    return text


def redis_url(text: str) -> str:
    parts = split_url(text, schemes=REDIS, example="redis://host:6379/0")
    if parts.scheme not in _SOCKETS:
        _check_redis(parts)
    return text


def redis_of_broker(broker: str) -> str:
    """The URL of the Redis that is the broker, for pub/sub and the cache, else empty."""
    try:
        parts = urlsplit(broker)
    except ValueError:
        return ""
    if parts.scheme == "redis+socket":
        database = parse_qs(parts.query).get("virtual_host", ["0"])[0].strip("/")
        return f"unix://{parts.path}?db={database}"
    is_plain = parts.scheme in REDIS and ";" not in broker
    return broker if is_plain else ""


def host_name(text: str) -> str:
    """A host of `AGENTARIUM_ALLOWED_HOSTS`: a name, or `.example.com` with subdomains."""
    if "/" in text or "@" in text:
        raise ValueError(f"contains {text!r}: write host names only, without a scheme.")
    return text


def split_url(text: str, *, schemes: Sequence[str], example: str) -> SplitResult:
    """The parts of a URL whose scheme and ports are valid. Raises `ValueError`."""
    scheme, has_scheme, _ = text.partition("://")
    if not has_scheme or not scheme:
        raise ValueError(f"has no scheme: write it like {example}.")
    if any(character.isspace() for character in text):
        raise ValueError(f"has a space in it: write it like {example}.")
    if "%00" in text:
        raise ValueError(f"has a null character (%00) in it: write it like {example}.")
    if scheme.lower() not in schemes:
        known = ", ".join(schemes)
        raise ValueError(
            f"has the scheme {scheme[:30]!r}: use one of {known}, like {example}."
        )
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"is not a URL: write it like {example}.") from None
    if not _has_fit_ports(parts):
        raise ValueError(
            "has a port that is not a number from 1 to 65535: write it like "
            f"{example}, and : / @ ? # in a password as %3A %2F %40 %3F %23."
        )
    return parts


def _has_fit_ports(parts: SplitResult) -> bool:
    """Whether each host's port is valid: PostgreSQL and Sentinel may have several."""
    hosts = parts.netloc.rpartition("@")[2].split(",")
    try:
        return all(urlsplit(f"//{host}").port != 0 for host in hosts)
    except ValueError:
        return False


def _host(parts: SplitResult) -> str:
    """The host as browsers send it. Raises `ValueError` if it cannot be a host name."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{host}]"
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not name or not all(part.isalnum() or part in "-._" for part in name):
        raise ValueError(
            "has no host name, or an invalid one: write the one that people use."
        )
    return name


def _check_redis(parts: SplitResult) -> None:
    if not parts.hostname:
        raise ValueError("has no host: write it like redis://host:6379/0.")
    database = parts.path.strip("/")
    if parts.scheme.startswith("redis") and database and not database.isdecimal():
        raise ValueError(
            "has a database that is not a number: write it like redis://host:6379/0."
        )
