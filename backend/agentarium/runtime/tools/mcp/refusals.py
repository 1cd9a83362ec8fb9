"""What it means that a server refuses a request with an HTTP status."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx2
import orjson
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
)

from agentarium.runtime.tools.http_client import FetchError, HttpClient, HttpResponse
from agentarium.runtime.tools.mcp.messages import SentMessage, readable_message

# Our own error codes: the request did not reach the server, or the server does not know
# the session and so has not taken the request.
NOT_SENT = -32_101
SESSION_LOST = -32_102
# Codes with which the SDK says that there is no answer. Servers use them otherwise.
NOT_ANSWERED = frozenset({CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT})
_MAX_BYTES = 64_000
_BODY_SECONDS = 2.0
_PROBE_SECONDS = 3.0
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_ADVICE = (
    "use the address of its streamable HTTP endpoint, which often ends in /mcp, if it "
    "has one."
)


class SessionLostFetchError(FetchError):
    """The server does not know the session of a request, and has not taken it."""


async def refusal(
    request: httpx2.Request, sent: SentMessage, response: HttpResponse
) -> FetchError | bytes:
    """The meaning of a response whose status is an error.

    Bytes are a protocol error, for the SDK.
    """
    status = response.status
    body = await _beginning(response)
    error = _protocol_error(body, sent, status)
    if _is_session_lost(request, status, body):
        return SessionLostFetchError(_words(error) or "The session has ended.")
    if status in _DENIED:
        return FetchError(_denial(request, response))
    if error is not None:
        return orjson.dumps(_recoded(error, status))
    if status >= 500:
        detail = f"The MCP server failed ({_named(status)})."
        return FetchError(detail, may_have_arrived=True)
    return FetchError(f"The MCP server refuses the request ({_named(status)}).")


async def _beginning(response: HttpResponse) -> bytes:
    """The body, as far as it arrives soon: the status says enough."""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await response.read_beginning(_MAX_BYTES)
    except (FetchError, TimeoutError):
        return b""


async def connection_refusal(
    error: FetchError, request: httpx2.Request, response: HttpResponse, http: HttpClient
) -> FetchError:
    """Why a server refuses to open a session. It may speak an older transport."""
    if response.status not in {400, 404, 405, 406, 415}:
        return error
    if await _streams_events(request, http):
        return FetchError(
            "The MCP server speaks the older HTTP+SSE transport, which is not supported: "
            + _ADVICE
        )
    if response.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return FetchError(
            f"The MCP server takes no POST requests ({_named(405)}). If it speaks the "
            f"older HTTP+SSE transport, that is not supported: {_ADVICE}"
        )
    return FetchError(
        f"There is no MCP server at this address ({_named(response.status)}). "
        "Check the address."
    )


async def _streams_events(request: httpx2.Request, http: HttpClient) -> bool:
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in {"content-type", "content-length", "host", "accept-encoding"}
    } | {"accept": "text/event-stream"}
    try:
        async with (
            asyncio.timeout(_PROBE_SECONDS),
            http.send("GET", str(request.url), headers=headers) as response,
        ):
            label = response.headers.get("Content-Type", "")
            return response.status == HTTPStatus.OK and "event-stream" in label
    except (FetchError, TimeoutError):
        return False


def _protocol_error(
    body: bytes, sent: SentMessage, status: int
) -> dict[str, Any] | None:
    """The JSON-RPC error in a body. A proxy's error is not one, if the server may have
    taken the request."""
    message = readable_message(body, sent)
    if message is None:
        return None
    answer: dict[str, Any] = orjson.loads(message)
    if "error" not in answer or (status >= 500 and b'"jsonrpc"' not in body):
        return None
    return answer


def _is_session_lost(request: httpx2.Request, status: int, body: bytes) -> bool:
    if "mcp-session-id" not in request.headers:
        return False
    # Some servers say 400, and in the message what it is about.
    return status == HTTPStatus.NOT_FOUND or (
        status == HTTPStatus.BAD_REQUEST and b"session" in body.lower()
    )


def _recoded(answer: dict[str, Any], status: int) -> dict[str, Any]:
    """A server that refuses a request has answered it, whatever code it carries."""
    error = answer["error"]
    if status < 500 and error["code"] in NOT_ANSWERED:
        error = {**error, "code": INVALID_REQUEST}
    return {**answer, "error": error}


def _words(answer: Mapping[str, Any] | None) -> str:
    return str(answer["error"]["message"]) if answer else ""


def _denial(request: httpx2.Request, response: HttpResponse) -> str:
    named = _named(response.status)
    challenge = response.headers.get("WWW-Authenticate", "").lower()
    wants_oauth = challenge.startswith("bearer") and (
        "resource_metadata" in challenge or "authorization_uri" in challenge
    )
    if not wants_oauth:
        return f"The MCP server denies access ({named}). Check the headers."
    if "authorization" in request.headers:
        return (
            f"The MCP server does not accept the Authorization header ({named}). It "
            "authorizes with OAuth, which is not supported: give it a token that is valid."
        )
    return (
        f"The MCP server wants to be authorized with OAuth ({named}), which is not "
        "supported. If it also accepts a token or an API key, add that as a header."
    )


def _named(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
