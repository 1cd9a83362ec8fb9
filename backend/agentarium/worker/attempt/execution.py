"""One attempt at one task: drives the agent's loop, and records each thing it says."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError

from agentarium.providers.prices import find_price
from agentarium.runtime.loop import LoopCallbacks, StepLimitError, run_agent, unanswered
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from agentarium.runtime.prices import FREE
from agentarium.runtime.providers.base import (
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
)
from agentarium.runtime.retries import ModelCaller, Retried
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import MAX_DETAIL_CHARS, AgentTask
from agentarium.worker.attempt.context import ExecutionContext
from agentarium.worker.attempt.history import History
from agentarium.worker.attempt.record import AttemptRecord
from agentarium.worker.attempt.step_output import storable
from agentarium.worker.attempt.tool_calls import ToolCalls
from agentarium.worker.database_retry import retry_until_available
from agentarium.worker.instrumentation import Instrumentation
from agentarium.worker.queue.claims import LateUsage
from agentarium.worker.writing.event_writer import AttemptLostError
from agentarium.worker.writing.writes import Finish

log = structlog.get_logger(__name__)

Status = AgentTask.Status
# A rule of thumb for what a provider has not counted.
CHARS_PER_TOKEN = 4


class Execution:
    """Runs a claimed task to its end, or until it waits, unless it loses the task."""

    def __init__(
        self, task: AgentTask, history: History, context: ExecutionContext
    ) -> None:
        self.task = task
        self.record = AttemptRecord(
            task, event_writer=context.event_writer, pubsub=context.pubsub
        )
        self._context = context
        self._messages = list(history.messages)
        self._tool_calls = ToolCalls(
            task, history.calls, record=self.record, context=context
        )
        self._observed = Instrumentation(task, history.origin)
        self._open_observed = self._observed.opening(context.open_client)
        # The one that has not answered yet, if any.
        self._asked_model = ""
        # All is said, and is being stored.
        self.is_ending = False

    @property
    def key(self) -> AttemptKey:
        return AttemptKey.of(self.task)

    async def run(self) -> None:
        """Whatever goes wrong ends the task.

        Raises `AttemptLostError` when somebody else decides about it by then, and what
        the database says to a failure that it does not take either.
        """
        try:
            finish = await self._run_within_limits()
            self.is_ending = True
            await self._end(finish)
        except AttemptLostError:
            log.info("task.lost", **self._log_context())
            raise
        finally:
            self.record.close()
            self._observed.close()
            await self._tool_calls.aclose()

    async def _end(self, finish: Finish) -> None:
        try:
            await self.record.finish(finish)
        except (DatabaseError, ValueError):
            self.record.forget_unwritten()
            finish = _failure(
                ErrorCode.NOT_STORABLE, "What it said could not be stored."
            )
            await self.record.finish(finish)
        self._observed.ended(
            finish,
            input_tokens=self.record.input_tokens,
            output_tokens=self.record.output_tokens,
        )
        log.info(
            "task.attempt_ended", **self._log_context(), status=finish.status.value
        )

    async def _run_within_limits(self) -> Finish:
        limit = self.task.agent_version.timeout
        try:
            async with asyncio.timeout(limit):
                await self._drive()
        except TimeoutError:
            return _failure(ErrorCode.TIMEOUT, f"It took longer than {limit} seconds.")
        except StepLimitError:
            steps = self.task.agent_version.max_steps
            return _failure(
                ErrorCode.MAX_STEPS, f"It had no answer after {steps} responses."
            )
        except ProviderError as error:
            return _failure(ErrorCode(error.code), error.detail)
        except AttemptLostError:
            raise
        except Exception:  # the one edge of an execution
            log.exception("task.crashed", **self._log_context())
            return _failure(
                ErrorCode.INTERNAL_ERROR, "An unexpected error; see the log."
            )
        if unanswered(self._messages):
            return Finish(Status.WAITING)
        return Finish(Status.COMPLETED, output_text=storable(self._messages[-1].text))

    async def _drive(self) -> None:
        version = self.task.agent_version
        toolbox = await retry_until_available(
            lambda: self._context.open_toolbox(self.task)
        )
        self._tool_calls.toolbox = self._observed.watching(toolbox)
        caller = ModelCaller(
            models=[version.model, *version.fallback_models],
            open_client=self._open_client,
            settings=ModelSettings(version.temperature, version.max_output_tokens),
            tools=self._tool_calls.toolbox.definitions,
            tries=settings.MODEL_TRIES,
            timeout=version.step_timeout,
            # A worker that was paused for too long asks nothing more of the world.
            before_request=self._context.until_leased,
        )
        callbacks = LoopCallbacks(
            call_model=caller.call,
            call_tools=self._call_tools,
            before_call=self._before_call,
        )
        run = run_agent(
            self._messages, callbacks=callbacks, max_steps=version.max_steps
        )
        async with aclosing(run) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelResponse):
                    await self._take_response(piece)
                else:
                    self._take(piece)
                if isinstance(piece, ToolResultPart | Retried):
                    # The next thing may take long: neither a death nor a reader may
                    # have to wait for it.
                    await self.record.write()

    def _open_client(self, model: str) -> ModelClient:
        self._asked_model = model
        return self._open_observed(model)

    async def _take_response(self, response: ModelResponse) -> None:
        price = await find_price(self._asked_model, answered_by=response.model)
        self._messages.append(response.message)
        self.record.add_response(response, price)
        self._asked_model = ""

    def _take(self, piece: ToolResultPart | Retried | Delta) -> None:
        match piece:
            case ToolResultPart():
                self._messages.append(Message("tool", (piece,)))
                self._tool_calls.add_result(piece)
            case Retried():
                self.record.add_retry(piece)
            case _:
                self.record.show(piece, is_live=self._context.may_publish())

    async def _before_call(self) -> None:
        await self.record.write()
        self.record.begin_step()

    def _call_tools(
        self, parts: Sequence[ToolCallPart]
    ) -> AsyncGenerator[ToolResultPart, None]:
        return self._tool_calls.run(parts, step=self._asked_in())

    def _asked_in(self) -> int:
        """The position of the response whose calls are open."""
        results = 0
        for message in reversed(self._messages):
            if message.role != "tool":
                break
            results += 1
        return self.record.position - results

    async def usage_since_last_step(self) -> LateUsage:
        """What the task's row may not count yet."""
        if answer := self.record.unsure:
            return LateUsage(
                *self.key,
                input_tokens=answer.step.input_tokens,
                output_tokens=answer.step.output_tokens,
                cost_nanodollars=answer.step.cost_nanodollars,
                drafts=answer.said.whole(),
                step=answer.step.position,
            )
        return await self._estimate()

    async def _estimate(self) -> LateUsage:
        """Of a call that was interrupted: nobody tells."""
        usage = self._estimated_usage()
        price = FREE if usage == Usage() else await find_price(self._asked_model)
        return LateUsage(
            *self.key,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_nanodollars=price.of(usage) if price else None,
            drafts=self.record.unfinished(),
        )

    def _estimated_usage(self) -> Usage:
        if not self._asked_model:
            return Usage()
        asked = sum(len(message.text) for message in self._messages)
        said = self.record.unfinished_chars
        return Usage(asked // CHARS_PER_TOKEN, -(-said // CHARS_PER_TOKEN))

    def _log_context(self) -> dict[str, Any]:
        return {
            "task_id": self.task.pk,
            "attempt": self.task.attempt,
            "request_id": self.task.request_id,
        }


def _failure(code: ErrorCode, detail: str) -> Finish:
    detail = detail[:MAX_DETAIL_CHARS]
    return Finish(Status.FAILED, error_code=code.value, error_detail=detail)
