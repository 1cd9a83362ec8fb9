"""What `agentarium doctor --url` asks through the proxy, as a client would.

It needs no account. Only a program that has the server's secret key can sign such a
request; for everybody else the address does not exist, so that nobody can use it to hold
connections or to learn about the network inside.
"""

import asyncio
from collections.abc import AsyncGenerator

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from agentarium.http.client_address import client_address
from agentarium.server.event_stream import EventStream

PATH = "/api/proxy-probe/"
HEADER = "X-Agentarium-Probe"
COOKIE = "agentarium_probe"
PIECES = 5
PAUSE_SECONDS = 0.25
# As long as a doctor may take, and clocks may differ.
VALID_SECONDS = 300


def signature() -> str:
    """What makes a request one of the doctor's, for a few minutes."""
    return _signer().sign("probe")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def proxy_probe(request: HttpRequest) -> HttpResponseBase:
    """How a request arrives here; with `?stream`, a few pieces over about a second."""
    if not _is_signed(request.headers.get(HEADER, "")):
        raise Http404
    if request.method == "POST":
        return JsonResponse({"bytes": len(request.body)})
    if "stream" in request.GET:
        return EventStream(follow=_pieces)
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
    # With the attributes of the session's, which is set at sign-in only.
    response.set_cookie(
        COOKIE,
        "1",
        max_age=1,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
    return response


async def _pieces() -> AsyncGenerator[bytes, None]:
    for number in range(PIECES):
        if number:
            await asyncio.sleep(PAUSE_SECONDS)
        yield b"data: %d\n\n" % number
