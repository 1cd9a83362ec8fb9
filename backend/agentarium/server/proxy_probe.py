"""The endpoint that `agentarium doctor --url` calls through the proxy, like a client.

It needs no account, but the request must be signed with the server's secret key. For
others the URL does not exist, so that they cannot use it to keep connections open or to
learn about the internal network.
"""

import asyncio
from collections.abc import AsyncGenerator

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from agentarium.http.body_limits import takes_large_body
from agentarium.http.client_address import client_address
from agentarium.server.long_response import EventStream

PATH = "/api/proxy-probe/"
HEADER = "X-Agentarium-Probe"
COOKIE = "agentarium_probe"
EVENTS = 5
PAUSE_SECONDS = 0.25
# Allows for the time that the doctor takes, and for clocks that differ.
VALID_SECONDS = 300


def signature() -> str:
    """The value of the header that authorizes a request of the doctor for 300 seconds."""
    return _signer().sign("probe")


@takes_large_body
@csrf_exempt
def proxy_probe(request: HttpRequest) -> HttpResponseBase:
    """How a request arrives here. With `?stream`, a few events over about a second."""
    if not _is_signed(request.headers.get(HEADER, "")):
        raise Http404
    if request.method == "POST":
        return JsonResponse({"bytes": len(request.body)})
    if "stream" in request.GET:
        return EventStream(follow=_events)
    return _arrival(request)


def _is_signed(text: str) -> bool:
    try:
        _signer().unsign(text, max_age=VALID_SECONDS)
    except BadSignature:
        return False
    return True


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="agentarium proxy probe")


def _arrival(request: HttpRequest) -> JsonResponse:
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    response = JsonResponse(
        {
            "host": request.get_host(),
            "is_secure": request.is_secure(),
            "client_address": client_address(request),
            "forwarded_for": [part.strip() for part in forwarded.split(",") if part],
            "trusted_proxies": settings.TRUSTED_PROXIES,
        }
    )
    # With the attributes of the session cookie, which is set at sign-in only.
    response.set_cookie(
        COOKIE,
        "1",
        max_age=1,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
    return response


async def _events() -> AsyncGenerator[bytes, None]:
    for number in range(EVENTS):
        if number:
            await asyncio.sleep(PAUSE_SECONDS)
        yield b"data: %d\n\n" % number
