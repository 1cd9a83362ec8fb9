"""What tools need of HTTP. The guard that provides it lives outside of the runtime."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agentarium.runtime.tools.base import OutcomeUnknownError, ToolError


class FetchError(Exception):
    """A request that was refused or failed, with a sentence that a model may read.

    `may_have_arrived` says that the other end may have acted on it.
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
    """An answer whose head has arrived."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Whatever the case of a name."""
        ...

    @property
    def url(self) -> str:
        """Where the answer came from, after redirects."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, without a limit."""
        ...

    async def read_beginning(self, max_bytes: int) -> bytes:
        """The body, as far as `max_bytes`."""
        ...


class HttpClient(Protocol):
    """Sends requests to wherever its guard allows. Shared by many tasks at once.

    Both raise `FetchError`, also while the answer is read, and close the connection
    when their context is left before the answer was read to its end.
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
        """Send, follow redirects, and give the answer; `timeout` is for all of it."""
        ...

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> AbstractAsyncContextManager[HttpResponse]:
        """One exchange, without redirects and without a limit of time."""
        ...
