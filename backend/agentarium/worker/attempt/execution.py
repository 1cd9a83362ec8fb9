"""One attempt at one task: runs the agent loop, and records what it yields."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import structlog
from django.conf import settings
from django.db import Error

from agentarium.db.data_errors import is_about_data
from agentarium.runtime.answers import explain, problem_of
from agentarium.runtime.call_usage import NOTHING_USED
from agentarium.runtime.loop import (
    LoopCallbacks,
    LoopOutput,
    StepLimitError,
    run_agent,
    unanswered,
)
from agentarium.runtime.masked_calls import masked
from agentarium.runtime.masking.mask import current_mask
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    ToolCallPart,
    ToolResultPart,
)
from agentarium.runtime.providers.base import (
    ModelClient,
    ModelSettings,
    ProviderError,
)
from agentarium.runtime.retries import ModelCaller, Retried
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.fence import AttemptKey
from agentarium.tasks.models import MAX_DETAIL_CHARS, AgentTask
from agentarium.tools.toolset import ToolNotAllowedError
from agentarium.worker.attempt.context import ExecutionContext
from agentarium.worker.attempt.history import History
from agentarium.worker.attempt.open_call import OpenCall
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
        self._call = OpenCall(self._messages)
        self._finish_reason = history.finish_reason
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
            finish = _failure(
                ErrorCode.NOT_STORABLE,
                "The database refused the output. See the server's log.",
            )
            await self.record.finish(finish)
        self._instrumentation.record_finish(
            finish,
            input_tokens=self.task.input_tokens,
            output_tokens=self.task.output_tokens,
        )
        log.info(
            "task.attempt_ended", **self._log_context(), status=finish.status.value
        )

    async def _run_within_limits(self) -> Finish:
        try:
            async with asyncio.timeout(self.task.agent_version.timeout):
                await self._run_loop()
        except AttemptLostError:
            raise
        except Exception as error:  # the outermost handler of an execution
            if isinstance(error, Error) and not is_about_data(error):
                # The task has done nothing wrong: the attempt counts as lost.
                raise
            await self._settle_broken_call(error)
            return self._failure_for(error)
        if unanswered(self._messages):
            return Finish(Status.WAITING)
        return answer_finish(self._messages[-1], self._finish_reason)

    def _failure_for(self, error: Exception) -> Finish:
        version = self.task.agent_version
        match error:
            case TimeoutError():
                return _failure(
                    ErrorCode.TIMEOUT,
                    f"The task exceeded the agent's limit of {version.timeout} seconds.",
                )
            case StepLimitError():
                return _failure(
                    ErrorCode.MAX_STEPS,
                    f"The model gave no final answer within {version.max_steps} "
                    "responses, which is the agent's limit.",
                )
            case ProviderError() | ToolNotAllowedError():
                mask = self._tool_calls.toolbox.mask
                return _failure(ErrorCode(error.code), mask.apply(error.detail))
        log.error("task.crashed", **self._log_context(), exc_info=error)
        return _failure(
            ErrorCode.INTERNAL_ERROR,
            "An unexpected error occurred. See the server's log.",
        )

    async def _settle_broken_call(self, error: Exception | Retried) -> None:
        """Add what the model call used that ended with this error, if there was one."""
        used = await self._call.settle_broken(
            self.record.unfinished_chars,
            may_be_charged=getattr(error, "may_be_charged", True),
        )
        if used != NOTHING_USED:
            self.record.add_broken_call(used)

    async def _run_loop(self) -> None:
        version = self.task.agent_version
        toolbox = await retry_until_available(
            lambda: self._context.open_toolbox(self.task)
        )
        self._tool_calls.toolbox = self._instrumentation.instrument_tools(toolbox)
        current_mask.set(toolbox.mask)
        self._call.tools = toolbox.definitions
        caller = ModelCaller(
            models=[version.model, *version.fallback_models],
            open_client=self._open_client,
            settings=ModelSettings(version.temperature, version.max_output_tokens),
            tools=self._call.tools,
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
                await self._add(item)
                if isinstance(item, ToolResultPart | Retried):
                    # The next item may take long. Store this one now, for readers and
                    # in case the worker dies meanwhile.
                    await self.record.write()

    def _open_client(self, model: str) -> ModelClient:
        self._call.begin(model)
        return self._open_instrumented(model)

    async def _add(self, item: LoopOutput) -> None:
        match item:
            case ModelResponse():
                used = await self._call.settle(item)
                self._messages.append(item.message)
                self._finish_reason = item.finish_reason
                self.record.add_response(item, used)
            case ToolResultPart():
                self._messages.append(Message("tool", (item,)))
                self._tool_calls.add_result(item)
            case Retried():
                await self._settle_broken_call(item)
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
        if uncommitted := self.record.uncommitted:
            return LateUsage(
                *self.key,
                uncommitted.used,
                drafts=uncommitted.drafts,
                seq=uncommitted.seq,
            )
        drafts = self.record.unfinished_drafts()
        used = await self._call.settle_broken(self.record.unfinished_chars)
        return LateUsage(*self.key, used, drafts=drafts)

    def _log_context(self) -> dict[str, Any]:
        return {
            "task_id": self.task.pk,
            "attempt": self.task.attempt,
            "request_id": self.task.request_id,
        }


def answer_finish(answer: Message, finish_reason: str) -> Finish:
    """How a task ends with its model's last response, which calls no tools.

    Its text is the output, even if it fails the task.
    """
    failure = Finish(Status.COMPLETED)
    if problem := problem_of(answer, finish_reason):
        failure = _failure(ErrorCode(problem), explain(problem, finish_reason))
    known = finish_reason in AgentTask.FinishReason
    return replace(
        failure,
        output_text=storable(answer.text),
        finish_reason=finish_reason if known else AgentTask.FinishReason.OTHER.value,
    )


def _failure(code: ErrorCode, detail: str) -> Finish:
    detail = detail[:MAX_DETAIL_CHARS]
    return Finish(Status.FAILED, error_code=code.value, error_detail=detail)
