"""`agentarium doctor --url`: whether requests pass through the proxy correctly."""

import json
from collections.abc import Callable, Iterator
from secrets import token_hex
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from agentarium.cli.diagnosis.proxy_client import ProxyClient, Reply, UnreachableError
from agentarium.cli.diagnosis.start_checks import Check
from agentarium.server.proxy_probe import (
    COOKIE,
    EVENTS,
    HEADER,
    PATH,
    PAUSE_SECONDS,
    signature,
)

# Reserved for documentation, so no client has it.
CLAIMED_ADDRESS = "203.0.113.7"
MAX_REDIRECTS = 5
# The large test request stays this much below the server's limit.
SPARE_BYTES = 1_000
# The fields of the probe's response that are used, with their types.
_PROBE_FIELDS = (
    ("client_address", str),
    ("forwarded_for", list),
    ("is_secure", bool),
    ("trusted_proxies", int),
)


def proxy_checks(url: str) -> Iterator[Check]:
    """Yield all checks; only the first one if the URL cannot be reached."""
    client = ProxyClient(url)
    reachability = _reachability(client)
    yield reachability
    if reachability.state == "fail":
        return
    for check in CHECKS:
        try:
            yield from check(client)
        except UnreachableError as error:
            yield Check(
                check.__name__.strip("_").replace("_", " "),
                "fail",
                f"{url} did not answer ({error})",
                "Check the logs of the proxy and of `agentarium web`.",
            )


def _reachability(client: ProxyClient) -> Check:
    url, host = client.url, urlsplit(client.url).netloc
    try:
        reply, is_loop = _follow_redirects(client)
    except UnreachableError as error:
        advice = "Start the proxy and `agentarium web`, or correct the URL."
        return Check("public URL", "fail", f"{url} cannot be reached ({error})", advice)
    if is_loop:
        return Check(
            "public URL",
            "fail",
            f"{url} redirects to itself in a loop",
            "Set AGENTARIUM_TRUSTED_PROXIES to the number of proxies, and make the "
            "proxy send X-Forwarded-Proto: https.",
        )
    if reply.location:
        detail = f"{url} redirects to {reply.location}"
        return Check(
            "public URL", "fail", detail, "Use that URL, in AGENTARIUM_URL too."
        )
    if reply.status == 400:
        return Check(
            "public URL",
            "fail",
            f"The server refuses the host {host}",
            f"Set AGENTARIUM_URL to {url}, or add the host to AGENTARIUM_ALLOWED_HOSTS. "
            "The proxy has to forward the Host header.",
        )
    is_from_proxy = reply.status == 503 and not _is_from_server(reply)
    if reply.status in (502, 504) or is_from_proxy:
        detail = f"The proxy at {url} cannot reach the server (HTTP {reply.status})"
        return Check("public URL", "fail", detail, "Start `agentarium web` behind it.")
    return Check("public URL", "ok", f"{url} answers")


def _follow_redirects(client: ProxyClient) -> tuple[Reply, bool]:
    """Request the page; return the last reply, and whether the redirects form a loop.

    Redirects away from the public URL are not followed.
    """
    seen: set[str] = set()
    address = urljoin(client.url, "/")
    while True:
        seen.add(address)
        reply = client.request(address)
        if not reply.location:
            return reply, False
        try:
            address = urljoin(address, reply.location)
        except ValueError:
            return reply, False
        if address in seen or len(seen) > MAX_REDIRECTS:
            return reply, True
        if not address.startswith(urljoin(client.url, "/")):
            return reply, False


def _is_from_server(reply: Reply) -> bool:
    return "Content-Security-Policy" in reply.headers


def _plain_http(client: ProxyClient) -> Iterator[Check]:
    parts = urlsplit(client.url)
    if parts.scheme != "https" or parts.port not in (None, 443):
        return
    try:
        reply = client.request(f"http://{parts.hostname}/")
    except UnreachableError:
        yield Check("http", "ok", "not served")
        return
    if reply.location.startswith("https://"):
        yield Check("http", "ok", "redirects to https")
    else:
        detail = f"http://{parts.hostname}/ does not redirect to https"
        yield Check("http", "warn", detail, "Make the proxy redirect it.")


def _forwarding(client: ProxyClient) -> Iterator[Check]:
    """What the server sees of a request that the proxy forwards."""
    reply = client.request(
        PATH, headers={HEADER: signature(), "X-Forwarded-For": CLAIMED_ADDRESS}
    )
    if reply.status != 200 or not _is_probe(reply):
        yield Check(
            "server",
            "fail",
            f"{client.url} does not accept the signature of this command "
            f"(HTTP {reply.status})",
            "Run `agentarium doctor` with the server's AGENTARIUM_SECRET_KEY and version.",
        )
        return
    yield _scheme(client, is_secure=reply.json["is_secure"])
    yield _address(reply)
    yield _cookie(client, reply)


def _is_probe(reply: Reply) -> bool:
    """Whether the response has the fields of the probe's."""
    return all(isinstance(reply.json.get(name), kind) for name, kind in _PROBE_FIELDS)


def _scheme(client: ProxyClient, *, is_secure: bool) -> Check:
    if is_secure == client.url.startswith("https://"):
        return Check("scheme", "ok", "forwarded correctly")
    if is_secure:
        detail = "The server sees requests over http as https"
        return Check(
            "scheme", "warn", detail, "Correct X-Forwarded-Proto in the proxy."
        )
    return Check(
        "scheme",
        "fail",
        "The server sees requests over https as http",
        "Make the proxy send X-Forwarded-Proto: https, and set "
        "AGENTARIUM_TRUSTED_PROXIES to the number of proxies.",
    )


def _address(reply: Reply) -> Check:
    hops: list[str] = reply.json["forwarded_for"]
    trusted: int = reply.json["trusted_proxies"]
    count = len(hops) - (CLAIMED_ADDRESS in hops)
    advice = f"Set AGENTARIUM_TRUSTED_PROXIES to {count}."
    if reply.json["client_address"] == CLAIMED_ADDRESS:
        detail = "A client can claim any address with X-Forwarded-For"
        return Check("client address", "fail", detail, advice)
    if count > trusted:
        return Check(
            "client address",
            "warn",
            f"{count} proxies send X-Forwarded-For, and {trusted} are trusted, so that "
            "all clients share a proxy's address and its rate limits",
            advice,
        )
    if count < trusted:
        return Check(
            "client address",
            "warn",
            f"{trusted} proxies are trusted, and {count} send X-Forwarded-For",
            "Make each proxy append the client's address, or correct "
            "AGENTARIUM_TRUSTED_PROXIES.",
        )
    return Check("client address", "ok", f"{reply.json['client_address']} is seen")


def _cookie(client: ProxyClient, reply: Reply) -> Check:
    cookie = reply.cookies.get(COOKIE)
    if cookie is None:
        detail = "The proxy removes cookies"
        return Check("cookies", "fail", detail, "Make it forward Set-Cookie.")
    wanted = {"httponly": "HttpOnly", "samesite": "SameSite"}
    if client.url.startswith("https://"):
        wanted["secure"] = "Secure"
    missing = [title for name, title in wanted.items() if not cookie[name]]
    if not missing:
        return Check("cookies", "ok", ", ".join(sorted(wanted.values())))
    return Check(
        "cookies",
        "fail",
        f"Cookies arrive without {', '.join(missing)}",
        f"Set AGENTARIUM_URL to {client.url}, and stop the proxy from changing "
        "Set-Cookie.",
    )


def _sign_in(client: ProxyClient) -> Iterator[Check]:
    """Sign in with wrong credentials: the request must get past the CSRF check."""
    page = client.request("/")
    token = page.cookies.get("csrftoken")
    if token is None:
        detail = "The page arrives without its CSRF cookie, so users cannot sign in"
        yield Check("sign-in", "fail", detail, "Make the proxy forward Set-Cookie.")
        return
    reply = client.request(
        "/api/auth/login/",
        body=json.dumps(
            {"username": f"doctor-{token_hex(8)}", "password": token_hex(8)}
        ).encode(),
        headers={
            "Content-Type": "application/json",
            "Cookie": f"csrftoken={token.value}",
            "X-CSRFToken": token.value,
            "Origin": client.url,
            "Referer": f"{client.url}/",
        },
    )
    if reply.json.get("code") == "invalid_credentials":
        yield Check("sign-in", "ok", "passes the CSRF check")
    elif reply.status == 429:
        detail = "Too many sign-in attempts were made from this address"
        yield Check("sign-in", "warn", detail, "Try again in a minute.")
    else:
        code = reply.json.get("code", f"HTTP {reply.status}")
        yield Check(
            "sign-in",
            "fail",
            f"A sign-in from {client.url} is refused ({code})",
            f"Set AGENTARIUM_URL to {client.url}, and make the proxy forward Host, "
            "Origin and Cookie.",
        )


def _streaming(client: ProxyClient) -> Iterator[Check]:
    arrivals = client.arrivals(
        f"{PATH}?stream",
        {HEADER: signature(), "Accept": "text/event-stream", "Accept-Encoding": "gzip"},
    )
    spread = arrivals[-1] - arrivals[0] if arrivals else 0.0
    if len(arrivals) == EVENTS and spread >= (EVENTS - 1) * PAUSE_SECONDS / 2:
        yield Check("streaming", "ok", "events arrive as they are sent")
    else:
        yield Check(
            "streaming",
            "fail",
            f"{len(arrivals)} of {EVENTS} events arrived, over {spread:.1f} s",
            "Turn off buffering and compression of text/event-stream in the proxy "
            "(nginx: proxy_buffering off).",
        )


def _large_body(client: ProxyClient) -> Iterator[Check]:
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE - SPARE_BYTES
    reply = client.request(
        PATH,
        body=bytes(size),
        headers={HEADER: signature(), "Content-Type": "application/octet-stream"},
    )
    if reply.json.get("bytes") == size:
        yield Check("large requests", "ok", f"{size / 1e6:.0f} MB are accepted")
    else:
        yield Check(
            "large requests",
            "fail",
            f"A request of {size / 1e6:.0f} MB is refused (HTTP {reply.status})",
            "Make the proxy accept 5 MB (nginx: client_max_body_size 5m).",
        )


def _metrics(client: ProxyClient) -> Iterator[Check]:
    reply = client.request("/metrics")
    if reply.status == 200 and b"agentarium_" in reply.body:
        detail = f"Anyone can read {client.url}/metrics"
        advice = (
            "Remove the Authorization header that the proxy adds, or block the path."
        )
        yield Check("metrics", "fail", detail, advice)
    else:
        yield Check("metrics", "ok", "not public")


CHECKS: tuple[Callable[[ProxyClient], Iterator[Check]], ...] = (
    _plain_http,
    _forwarding,
    _sign_in,
    _streaming,
    _large_body,
    _metrics,
)
