"""The HTTP client that tools use. Its implementation lives outside the runtime."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agentarium.runtime.tools.base import OutcomeUnknownError, ToolError


class FetchError(Exception):
    """A request that was refused or failed; `detail` is safe to show to a model.

    `may_have_arrived` means that the server may have acted on the request.
    """

    def __init__(self, detail: str, *, may_have_arrived: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.may_have_arrived = may_have_arrived

    def as_tool_error(self) -> ToolError:
        if self.may_have_arrived:
            return OutcomeUnknownError(self.detail)
        return ToolError(self.detail)


class HttpResponse(Protocol):
    """A response whose headers have arrived."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names are case-insensitive."""
        ...

    @property
    def url(self) -> str:
        """The address of the response, after redirects."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The chunks of the body as they arrive, without a limit."""
        ...

    async def read_beginning(self, max_bytes: int) -> bytes:
        """The first `max_bytes` of the body."""
        ...


class HttpClient(Protocol):
    """Sends requests to the addresses that its guard allows. Many tasks share one.

    Both methods raise `FetchError`, also while the response is being read, and close
    the connection if the context exits before the whole response has been read.
    """

    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float,
    ) -> AbstractAsyncContextManager[HttpResponse]:
        """Send a request and follow redirects; `timeout` covers the whole exchange."""
        ...

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> AbstractAsyncContextManager[HttpResponse]:
        """Send a request, without following redirects and without a timeout."""
        ...

    def restricted_to(self, hosts: Sequence[str]) -> "HttpClient":
        """A client that reaches only these hosts, which its guard allows as well.

        They are names (`docs.example.com`) or suffixes (`*.example.org`), with an
        optional port. Raises `ValueError` for anything else.
        """
        ...
