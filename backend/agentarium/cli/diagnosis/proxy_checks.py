"""`agentarium doctor --url`: what clients meet on their way through the proxy."""

import json
from collections.abc import Callable, Iterator
from secrets import token_hex
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from agentarium.cli.diagnosis.proxy_client import ProxyClient, Reply, UnreachableError
from agentarium.cli.diagnosis.start_checks import Check
from agentarium.server.proxy_probe import (
    COOKIE,
    HEADER,
    PATH,
    PAUSE_SECONDS,
    PIECES,
    signature,
)

# Reserved for documents: no client has it.
CLAIMED_ADDRESS = "203.0.113.7"
MAX_REDIRECTS = 5
# A request of the greatest size that the server takes, nearly.
SPARE_BYTES = 1_000


def proxy_checks(url: str) -> Iterator[Check]:
    """All of them, or the first that leaves no sense in the others."""
    client = ProxyClient(url)
    reached = _reach(client)
    yield reached
    if reached.state == "fail":
        return
    for check in CHECKS:
        try:
            yield from check(client)
        except UnreachableError as error:
            yield Check(
                check.__name__.strip("_").replace("_", " "),
                "fail",
                f"{url} did not answer ({error})",
                "Look into the logs of the proxy and of `agentarium web`.",
            )


def _reach(client: ProxyClient) -> Check:
    url, host = client.url, urlsplit(client.url).netloc
    try:
        reply, is_loop = _followed(client)
    except UnreachableError as error:
        advice = "Start the proxy and `agentarium web`, or correct the URL."
        return Check("public URL", "fail", f"{url} cannot be reached ({error})", advice)
    if is_loop:
        return Check(
            "public URL",
            "fail",
            f"{url} redirects to itself without end",
            "Set AGENTARIUM_TRUSTED_PROXIES to the number of proxies, and let the proxy "
            "send X-Forwarded-Proto: https.",
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
            f"Set AGENTARIUM_URL to {url}, or add the host to AGENTARIUM_ALLOWED_HOSTS; "
            "the proxy has to pass on the Host header.",
        )
    if reply.status in (502, 504) or (reply.status == 503 and not _is_ours(reply)):
        detail = f"The proxy at {url} cannot reach the server (HTTP {reply.status})"
        return Check("public URL", "fail", detail, "Start `agentarium web` behind it.")
    return Check("public URL", "ok", f"{url} answers")


def _followed(client: ProxyClient) -> tuple[Reply, bool]:
    """The answer to the page's address, and whether it leads back to itself.

    Redirects to another address than the one that was asked about are not followed.
    """
    seen: set[str] = set()
    address = urljoin(client.url, "/")
    while True:
        seen.add(address)
        reply = client.ask(address)
        if not reply.location:
            return reply, False
        address = urljoin(address, reply.location)
        if address in seen or len(seen) > MAX_REDIRECTS:
            return reply, True
        if not address.startswith(urljoin(client.url, "/")):
            return reply, False


def _is_ours(reply: Reply) -> bool:
    return "Content-Security-Policy" in reply.headers


def _plain_http(client: ProxyClient) -> Iterator[Check]:
    parts = urlsplit(client.url)
    if parts.scheme != "https" or parts.port not in (None, 443):
        return
    try:
        reply = client.ask(f"http://{parts.hostname}/")
    except UnreachableError:
        yield Check("http", "ok", "is not served")
        return
    if reply.location.startswith("https://"):
        yield Check("http", "ok", "leads to https")
    else:
        detail = f"http://{parts.hostname}/ does not lead to https"
        yield Check("http", "warn", detail, "Let the proxy redirect it.")


def _arrival(client: ProxyClient) -> Iterator[Check]:
    """How a request looks when it has passed the proxy."""
    reply = client.ask(
        PATH, headers={HEADER: signature(), "X-Forwarded-For": CLAIMED_ADDRESS}
    )
    if reply.status != 200 or "client_address" not in reply.json:
        yield Check(
            "server",
            "fail",
            f"{client.url} does not know this doctor (HTTP {reply.status})",
            "Run it with the AGENTARIUM_SECRET_KEY and the version of that server.",
        )
        return
    yield _scheme(client, is_secure=reply.json["is_secure"])
    yield _address(reply)
    yield _cookie(client, reply)


def _scheme(client: ProxyClient, *, is_secure: bool) -> Check:
    if is_secure == client.url.startswith("https://"):
        return Check("scheme", "ok", "arrives as it was sent")
    if is_secure:
        detail = "Requests over http arrive as if they came over https"
        return Check(
            "scheme", "warn", detail, "Correct X-Forwarded-Proto in the proxy."
        )
    return Check(
        "scheme",
        "fail",
        "Requests over https arrive as if they came over http",
        "Let the proxy send X-Forwarded-Proto: https, and set "
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
            "Let each proxy append the client's address, or correct "
            "AGENTARIUM_TRUSTED_PROXIES.",
        )
    return Check("client address", "ok", f"{reply.json['client_address']} is seen")


def _cookie(client: ProxyClient, reply: Reply) -> Check:
    cookie = reply.cookies.get(COOKIE)
    if cookie is None:
        detail = "The proxy takes cookies away"
        return Check("cookies", "fail", detail, "Let it pass on Set-Cookie.")
    wanted = {"httponly": "HttpOnly", "samesite": "SameSite"}
    if client.url.startswith("https://"):
        wanted["secure"] = "Secure"
    missing = [title for name, title in wanted.items() if not cookie[name]]
    if not missing:
        return Check("cookies", "ok", f"are {', '.join(sorted(wanted.values()))}")
    return Check(
        "cookies",
        "fail",
        f"Cookies arrive without {', '.join(missing)}",
        f"Set AGENTARIUM_URL to {client.url}, and let the proxy not change Set-Cookie.",
    )


def _sign_in(client: ProxyClient) -> Iterator[Check]:
    """A sign-in that must fail for the right reason."""
    page = client.ask("/")
    token = page.cookies.get("csrftoken")
    if token is None:
        detail = "The page comes without its CSRF cookie, so that nobody can sign in"
        yield Check("sign-in", "fail", detail, "Let the proxy pass on Set-Cookie.")
        return
    reply = client.ask(
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
        yield Check("sign-in", "ok", "gets past the CSRF check")
    elif reply.status == 429:
        detail = "Too many attempts to sign in were made from here"
        yield Check("sign-in", "warn", detail, "Try again in a minute.")
    else:
        code = reply.json.get("code", f"HTTP {reply.status}")
        yield Check(
            "sign-in",
            "fail",
            f"A sign-in from {client.url} is refused ({code})",
            f"Set AGENTARIUM_URL to {client.url}, and let the proxy pass on Host, "
            "Origin and Cookie.",
        )


def _streaming(client: ProxyClient) -> Iterator[Check]:
    arrivals = client.arrivals(
        f"{PATH}?stream",
        {HEADER: signature(), "Accept": "text/event-stream", "Accept-Encoding": "gzip"},
    )
    spread = arrivals[-1] - arrivals[0] if arrivals else 0.0
    if len(arrivals) == PIECES and spread >= (PIECES - 1) * PAUSE_SECONDS / 2:
        yield Check("streaming", "ok", "pieces arrive as they are sent")
    else:
        yield Check(
            "streaming",
            "fail",
            f"{len(arrivals)} of {PIECES} pieces of a stream arrived, over {spread:.1f} s",
            "Switch off buffering and compression of text/event-stream in the proxy "
            "(nginx: proxy_buffering off).",
        )


def _large_body(client: ProxyClient) -> Iterator[Check]:
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE - SPARE_BYTES
    reply = client.ask(
        PATH,
        body=bytes(size),
        headers={HEADER: signature(), "Content-Type": "application/octet-stream"},
    )
    if reply.json.get("bytes") == size:
        yield Check("large requests", "ok", f"of {size / 1e6:.0f} MB arrive")
    else:
        yield Check(
            "large requests",
            "fail",
            f"A request of {size / 1e6:.0f} MB is refused (HTTP {reply.status})",
            "Let the proxy take 5 MB (nginx: client_max_body_size 5m).",
        )


def _metrics(client: ProxyClient) -> Iterator[Check]:
    reply = client.ask("/metrics")
    if reply.status == 200 and b"agentarium_" in reply.body:
        detail = f"{client.url}/metrics can be read by everybody"
        advice = (
            "Remove the Authorization header that the proxy adds, or close the path."
        )
        yield Check("metrics", "fail", detail, advice)
    else:
        yield Check("metrics", "ok", "are not public")


CHECKS: tuple[Callable[[ProxyClient], Iterator[Check]], ...] = (
    _plain_http,
    _arrival,
    _sign_in,
    _streaming,
    _large_body,
    _metrics,
)
