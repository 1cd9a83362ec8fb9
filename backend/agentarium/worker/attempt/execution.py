"""One attempt at one task: runs the agent loop, and records what it yields."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import structlog
from django.conf import settings
from django.db import Error

from agentarium.agents.models import AgentVersion
from agentarium.db.data_errors import is_about_data
from agentarium.providers.prices import find_price
from agentarium.runtime.loop import LoopCallbacks, StepLimitError, run_agent, unanswered
from agentarium.runtime.masked_calls import masked
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
from agentarium.runtime.tools.masking import current_mask
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import MAX_DETAIL_CHARS, AgentTask
from agentarium.tools.toolset import ToolNotAllowedError
from agentarium.worker.attempt.context import ExecutionContext
from agentarium.worker.attempt.history import History
from agentarium.worker.attempt.record import AttemptRecord
from agentarium.worker.attempt.step_output import storable
from agentarium.worker.attempt.tool_calls import ToolCalls
from agentarium.worker.database_retry import retry_until_available
from agentarium.worker.instrumentation import Instrumentation
from agentarium.worker.queue.late_usage import LateUsage
from agentarium.worker.writing.event_writer import AttemptLostError
from agentarium.worker.writing.writes import Finish

log = structlog.get_logger(__name__)

Status = AgentTask.Status
# To estimate the tokens of a call whose usage the provider did not report.
CHARS_PER_TOKEN = 4


class Execution:
    """Runs a claimed task until it ends, is suspended, or is taken from the attempt."""

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
        self._instrumentation = Instrumentation(task, history.trace_context)
        self._open_instrumented = self._instrumentation.instrument_client(
            context.open_client
        )
        # The model whose response is incomplete, if any.
        self._pending_model = ""
        # The loop is over, and its result is being stored.
        self.is_finishing = False

    @property
    def key(self) -> AttemptKey:
        return AttemptKey.of(self.task)

    async def run(self) -> None:
        """Run the task, and store how it ended; every failure ends it.

        Raises `AttemptLostError` if the attempt has lost the task, and the database's error
        if that goes on refusing to store anything, or can never store even the failure.
        """
        try:
            finish = await self._run_within_limits()
            self.is_finishing = True
            await self._store_finish(finish)
        except AttemptLostError:
            log.info("task.attempt_abandoned", **self._log_context())
            raise
        finally:
            self.record.close()
            self._instrumentation.close()
            await self._tool_calls.aclose()

    async def _store_finish(self, finish: Finish) -> None:
        try:
            await self.record.finish(finish)
        except Exception as error:
            if not is_about_data(error):
                raise
            self.record.forget_unwritten()
            finish = _failure(
                ErrorCode.NOT_STORABLE,
                "The database refused the output. See the server's log.",
            )
            await self.record.finish(finish)
        self._instrumentation.record_finish(
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
                await self._run_loop()
        except TimeoutError:
            return _failure(
                ErrorCode.TIMEOUT,
                f"The task exceeded the agent's limit of {limit} seconds.",
            )
        except StepLimitError:
            steps = self.task.agent_version.max_steps
            return _failure(
                ErrorCode.MAX_STEPS,
                f"The model gave no final answer within {steps} responses, which is the"
                " agent's limit.",
            )
        except (ProviderError, ToolNotAllowedError) as error:
            mask = self._tool_calls.toolbox.mask
            return _failure(
                ErrorCode(error.code),
                mask.apply(error.detail),
                provider_message=mask.apply(getattr(error, "provider_message", "")),
            )
        except AttemptLostError:
            raise
        except Exception as error:  # the outermost handler of an execution
            if isinstance(error, Error) and not is_about_data(error):
                # The task has done nothing wrong: the attempt counts as lost.
                raise
            log.exception("task.crashed", **self._log_context())
            return _failure(
                ErrorCode.INTERNAL_ERROR,
                "An unexpected error occurred. See the server's log.",
            )
        if unanswered(self._messages):
            return Finish(Status.WAITING)
        return Finish(Status.COMPLETED, output_text=storable(self._messages[-1].text))

    async def _run_loop(self) -> None:
        version = self.task.agent_version
        toolbox = await retry_until_available(
            lambda: self._context.open_toolbox(self.task)
        )
        self._tool_calls.toolbox = self._instrumentation.instrument_tools(toolbox)
        current_mask.set(toolbox.mask)
        caller = ModelCaller(
            models=[version.model, *version.fallback_models],
            open_client=self._open_client,
            settings=_model_settings(version),
            tools=await self._tool_calls.toolbox.definitions(),
            tries=settings.MODEL_TRIES,
            timeout=version.step_timeout,
            # A worker that was paused may have lost its lease: no call before it is valid.
            before_request=self._context.wait_for_lease,
        )
        callbacks = LoopCallbacks(
            call_model=masked(caller.call, toolbox.mask),
            call_tools=self._call_tools,
            before_call=self._before_call,
        )
        run = run_agent(
            self._messages, callbacks=callbacks, max_steps=version.max_steps
        )
        async with aclosing(run) as items:
            async for item in items:
                if isinstance(item, ModelResponse):
                    await self._add_response(item)
                else:
                    self._add(item)
                if isinstance(item, ToolResultPart | Retried):
                    # The next item may take long. Store this one now, for readers and
                    # in case the worker dies meanwhile.
                    await self.record.write()

    def _open_client(self, model: str) -> ModelClient:
        self._pending_model = model
        return self._open_instrumented(model)

    async def _add_response(self, response: ModelResponse) -> None:
        price = await find_price(self._pending_model, answered_by=response.model)
        self._messages.append(response.message)
        self.record.add_response(response, price)
        self._pending_model = ""

    def _add(self, item: ToolResultPart | Retried | Delta) -> None:
        match item:
            case ToolResultPart():
                self._messages.append(Message("tool", (item,)))
                self._tool_calls.add_result(item)
            case Retried():
                self.record.add_retry(item)
            case _:
                self.record.add_delta(item, is_live=self._context.may_publish())

    async def _before_call(self) -> None:
        await self.record.write()
        self.record.begin_step()

    def _call_tools(
        self, parts: Sequence[ToolCallPart]
    ) -> AsyncGenerator[ToolResultPart, None]:
        results, response = self._open_response()
        return self._tool_calls.run(
            parts, step=self.record.position - results, all_calls=response.tool_calls
        )

    def _open_response(self) -> tuple[int, Message]:
        """The last response, whose tool calls are open, after its number of results."""
        for results, message in enumerate(reversed(self._messages)):
            if message.role != "tool":
                return results, message
        raise AssertionError("No response has been added.")

    async def usage_since_last_step(self) -> LateUsage:
        """The usage that may not be added to the task yet. Call it after `run`."""
        if response := self.record.uncommitted_response:
            return LateUsage(
                *self.key,
                input_tokens=response.step.input_tokens,
                output_tokens=response.step.output_tokens,
                cost_nanodollars=response.step.cost_nanodollars,
                drafts=response.output.all_drafts(),
                step=response.step.position,
            )
        return await self._estimate_usage()

    async def _estimate_usage(self) -> LateUsage:
        """Of an interrupted model call, whose usage no provider reports."""
        usage = self._estimated_tokens()
        price = FREE if usage == Usage() else await find_price(self._pending_model)
        return LateUsage(
            *self.key,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_nanodollars=price.of(usage) if price else None,
            drafts=self.record.unfinished_drafts(),
        )

    def _estimated_tokens(self) -> Usage:
        if not self._pending_model:
            return Usage()
        sent = sum(len(message.text) for message in self._messages)
        received = self.record.unfinished_chars
        return Usage(sent // CHARS_PER_TOKEN, -(-received // CHARS_PER_TOKEN))

    def _log_context(self) -> dict[str, Any]:
        return {
            "task_id": self.task.pk,
            "attempt": self.task.attempt,
            "request_id": self.task.request_id,
        }


def _model_settings(version: AgentVersion) -> ModelSettings:
    return ModelSettings(
        temperature=version.temperature,
        max_output_tokens=version.max_output_tokens,
        top_p=version.top_p,
        reasoning_effort=version.reasoning_effort or None,
        seed=version.seed,
        stop=tuple(version.stop) or None,
        parallel_tool_calls=version.parallel_tool_calls,
        # The operator may have forbidden it since the agent was saved.
        extra_body=version.extra_body if settings.EXTRA_BODY else {},
    )


def _failure(code: ErrorCode, detail: str, provider_message: str = "") -> Finish:
    return Finish(
        Status.FAILED,
        error_code=code.value,
        error_detail=storable(detail)[:MAX_DETAIL_CHARS],
        error_provider_message=storable(provider_message)[:MAX_DETAIL_CHARS],
    )
