"""Asking a model until it answers: again after errors that pass, then another model."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ToolDefinition,
)

# A provider that asks for a longer wait than this is passed over.
MAX_WAIT_SECONDS = 60.0
BASE_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Retried:
    """A model did not answer; what it said of this answer does not count.

    `wait` is how many seconds pass before `next_model` is asked.
    """

    model: str
    next_model: str
    code: str
    detail: str
    wait: float


async def _do_nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ModelCaller:
    """Calls an agent's models in order, with the same tools and settings.

    `tries` is how often one model is asked for one answer; `timeout` in seconds is for
    each of them. `before_request` is awaited before each.
    """

    models: Sequence[str]
    open_client: Callable[[str], ModelClient]
    settings: ModelSettings
    tools: Sequence[ToolDefinition] = ()
    tries: int = 4
    timeout: float | None = None
    before_request: Callable[[], Awaitable[None]] = _do_nothing

    async def call(
        self, messages: Sequence[Message]
    ) -> AsyncGenerator[Delta | Retried | ModelResponse, None]:
        """One answer, and each failure on the way to it.

        Raises the `ProviderError` of the last model, once nothing is left to try.
        """
        plan = [
            (model, number) for model in self.models for number in range(self.tries)
        ]
        while plan:
            model, number = plan.pop(0)
            await self.before_request()
            try:
                async with aclosing(self._once(model, messages)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except ProviderError as error:
                wait = _wait(error, number)
                if wait is None:
                    plan = [later for later in plan if later[0] != model]
                if not plan:
                    raise
                wait = wait if wait is not None and plan[0][0] == model else 0.0
                yield Retried(model, plan[0][0], error.code, error.detail, wait)
            await asyncio.sleep(wait)

    async def _once(
        self, model: str, messages: Sequence[Message]
    ) -> AsyncGenerator[Delta | ModelResponse, None]:
        answer = self.open_client(model).stream(
            messages, tools=self.tools, settings=self.settings
        )
        deadline = None
        if self.timeout is not None:
            deadline = asyncio.get_running_loop().time() + self.timeout
        async with aclosing(answer):
            while piece := await self._next(answer, model, deadline):
                yield piece

    async def _next(
        self,
        answer: AsyncGenerator[Delta | ModelResponse, None],
        model: str,
        deadline: float | None,
    ) -> Delta | ModelResponse | None:
        if deadline is None:
            return await anext(answer, None)
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(answer, None)
        except TimeoutError:
            raise ProviderError(
                ProviderErrorCode.TIMEOUT,
                f"{model} did not answer within {self.timeout} seconds.",
                is_transient=True,
            ) from None


def _wait(error: ProviderError, number: int) -> float | None:
    """Seconds until the same model is worth another try; None if it is not.

    Exponential backoff with equal jitter, unless the provider says how long.
    """
    if not error.is_transient:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= MAX_WAIT_SECONDS else None
    limit = min(BASE_WAIT_SECONDS * 2.0**number, MAX_WAIT_SECONDS)
    return limit * random.uniform(0.5, 1.0)  # noqa: S311
