"""Model calls with retries after transient errors, and fallback models after that."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from agentarium.runtime.messages import Message, ModelResponse
from agentarium.runtime.providers.base import (
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
    ProviderErrorCode,
    ReasoningDelta,
    TextDelta,
    ToolDefinition,
)
from agentarium.runtime.thinking import (
    ThinkingSplitter,
    ended_thinking,
    separated,
)

# If a provider asks for a longer wait, the next model is called instead.
MAX_WAIT_SECONDS = 60.0
BASE_WAIT_SECONDS = 0.5


# The code of a `Retried` after which the same response follows, with its reasoning apart.
REASONING_IN_TEXT = "reasoning_in_text"


@dataclass(frozen=True, slots=True)
class Retried:
    """A model call failed; the deltas that it has yielded are void.

    `next_model` is called after `wait` seconds. `provider_message` is the provider's own
    sentence. With the code `REASONING_IN_TEXT` it is
    not called again: the deltas of the same response follow.
    """

    model: str
    next_model: str
    code: str
    detail: str
    wait: float
    provider_message: str = ""


async def _do_nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ModelCaller:
    """Calls an agent's models in order, with the same tools and settings.

    `tries` is the number of requests to one model for one response; `timeout`, in
    seconds, applies to each request. `before_request` is awaited before each request.
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
        """Yield the deltas and the response, with a `Retried` for each failed request.

        Raises the `ProviderError` of the last model when all requests have failed.
        """
        plan = [
            (model, number) for model in self.models for number in range(self.tries)
        ]
        while plan:
            model, number = plan.pop(0)
            await self.before_request()
            try:
                async with aclosing(self._request(model, messages)) as outputs:
                    async for output in outputs:
                        yield output
                return
            except ProviderError as error:
                wait = _wait(error, number)
                if wait is None:
                    plan = [request for request in plan if request[0] != model]
                if not plan:
                    raise
                wait = wait if wait is not None and plan[0][0] == model else 0.0
                yield Retried(
                    model,
                    plan[0][0],
                    error.code,
                    error.detail,
                    wait,
                    error.provider_message,
                )
            await asyncio.sleep(wait)

    async def _request(
        self, model: str, messages: Sequence[Message]
    ) -> AsyncGenerator[Delta | Retried | ModelResponse, None]:
        stream = self.open_client(model).stream(
            messages, tools=self.tools, settings=self.settings
        )
        deadline = None
        if self.timeout is not None:
            deadline = asyncio.get_running_loop().time() + self.timeout
        splitter = ThinkingSplitter()
        async with aclosing(stream):
            while output := await self._next(stream, model, deadline):
                for shown in _with_separate_reasoning(output, splitter, model):
                    yield shown

    async def _next(
        self,
        stream: AsyncGenerator[Delta | ModelResponse, None],
        model: str,
        deadline: float | None,
    ) -> Delta | ModelResponse | None:
        if deadline is None:
            return await anext(stream, None)
        try:
            async with asyncio.timeout_at(deadline):
                return await anext(stream, None)
        except TimeoutError:
            raise ProviderError(
                ProviderErrorCode.TIMEOUT,
                f"{model} did not respond within {self.timeout} seconds.",
                is_transient=True,
            ) from None


def _with_separate_reasoning(
    output: Delta | ModelResponse, splitter: ThinkingSplitter, model: str
) -> Iterator[Delta | Retried | ModelResponse]:
    if isinstance(output, TextDelta):
        yield from splitter.add(output.text)
    elif isinstance(output, ModelResponse):
        yield from splitter.finish()
        response = separated(output)
        if found := ended_thinking(response):
            detail = "The model sent its reasoning as a part of its answer."
            yield Retried(model, model, REASONING_IN_TEXT, detail, 0.0)
            if reasoning := found.message.reasoning:
                yield ReasoningDelta(reasoning)
            if text := found.message.text:
                yield TextDelta(text)
            response = found
        yield response
    else:
        yield output


def _wait(error: ProviderError, number: int) -> float | None:
    """Seconds to wait before calling the same model again; None to give up on it.

    Exponential backoff with equal jitter, unless the provider names a wait.
    """
    if not error.is_transient:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= MAX_WAIT_SECONDS else None
    limit = min(BASE_WAIT_SECONDS * 2.0**number, MAX_WAIT_SECONDS)
    return limit * random.uniform(0.5, 1.0)  # noqa: S311
