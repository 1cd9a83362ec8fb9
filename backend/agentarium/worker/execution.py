"""One attempt at one task: drives the agent's loop, and stores each thing it says."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError
from django.utils import timezone

from agentarium.runtime.loop import run_agent
from agentarium.runtime.messages import (
    Message,
    ModelResponse,
    system_message,
    user_message,
)
from agentarium.runtime.providers.base import (
    Delta,
    ModelClient,
    ModelSettings,
    ProviderError,
)
from agentarium.tasks.live import Bus
from agentarium.tasks.models import AgentTask, Event, Step
from agentarium.worker.journal import AttemptLostError, Journal
from agentarium.worker.ledger import Entry, Finish
from agentarium.worker.output import StepInProgress, storable

log = structlog.get_logger(__name__)

Status = AgentTask.Status


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all attempts of a runner share.

    `may_publish` says whether the worker's lease cannot have run out yet.
    """

    journal: Journal
    bus: Bus
    may_publish: Callable[[], bool]
    open_client: Callable[[str], ModelClient]


class Execution:
    """Runs a claimed task to its end, unless it loses the task on the way.

    `history` is what earlier attempts have stored, and is not asked for again.
    """

    def __init__(
        self, task: AgentTask, history: list[Message], around: Surroundings
    ) -> None:
        self.task = task
        self._history = history
        self._around = around
        # The claim wrote the first event of this attempt.
        self._seq = self._written_seq = 1
        self._answer = history[-1].text if history else ""
        self._input_tokens = task.input_tokens
        self._output_tokens = task.output_tokens
        self._unwritten = Entry(task.pk, task.attempt)
        self._step = self._new_step(task.steps_count + 1)

    async def run(self) -> None:
        """Whatever goes wrong ends the task.

        Raises what the database says to a failure that it does not take either.
        """
        try:
            finish = await self._run_within_limits()
            try:
                await self._end(finish)
            except (DatabaseError, ValueError):
                self._forget_unwritten()
                await self._end(_failure("not_storable", "It could not be stored."))
        except AttemptLostError:
            log.warning("task.lost", **self._log_context())
        finally:
            self._around.journal.forget_draft(self)

    def take_drafts(self) -> Entry | None:
        return self._step.take_drafts()

    async def _run_within_limits(self) -> Finish:
        limit = self.task.agent_version.timeout
        try:
            async with asyncio.timeout(limit):
                await self._drive()
        except TimeoutError:
            return _failure("timeout", f"It took longer than {limit} seconds.")
        except ProviderError as error:
            return _failure(error.code, error.detail)
        except AttemptLostError:
            raise
        except Exception:
            log.exception("task.crashed", **self._log_context())
            return _failure("internal_error", "An unexpected error; see the log.")
        return Finish(Status.COMPLETED, output_text=self._answer)

    async def _drive(self) -> None:
        version = self.task.agent_version
        instructions = [system_message(version.instructions)]
        messages = [
            *(instructions if version.instructions else []),
            user_message(self.task.input_text),
            *self._history,
        ]
        run = run_agent(
            messages,
            client=self._around.open_client(version.model),
            settings=ModelSettings(version.temperature, version.max_output_tokens),
            before_call=self._write,
        )
        async with aclosing(run) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelResponse):
                    self._keep(piece)
                else:
                    self._show(piece)

    def _show(self, delta: Delta) -> None:
        message = self._step.add(delta)
        if self._around.may_publish():
            self._around.bus.publish(self.task.pk, message)
        self._around.journal.note_draft(self)

    def _keep(self, response: ModelResponse) -> None:
        """Add a finished response to what is written before anything follows from it."""
        step = self._step.finish(response)
        self._answer = storable(response.message.text)
        self._input_tokens += step.input_tokens
        self._output_tokens += step.output_tokens
        self._unwritten.steps.append(step)
        self._add_event("step.completed", _summary(step))
        self._step = self._new_step(step.position + 1)

    async def _end(self, finish: Finish) -> None:
        self._unwritten.finish = finish
        if broken_off := self._step.take_drafts():
            self._unwritten.drafts = broken_off.drafts
        data = {
            "status": finish.status.value,
            "error_code": finish.error_code,
            "error_detail": finish.error_detail,
            "input_tokens": self._input_tokens,
            "output_tokens": self._output_tokens,
        }
        self._add_event(f"task.{finish.status.value}", data)
        await self._write()
        log.info("task.ended", **self._log_context(), status=finish.status.value)

    async def _write(self) -> None:
        entry, self._unwritten = (
            self._unwritten,
            Entry(self.task.pk, self.task.attempt),
        )
        if entry.events:
            await self._around.journal.write(entry)
            self._written_seq = entry.events[-1].seq

    def _forget_unwritten(self) -> None:
        """Drop what the database refused, and the numbers it was given."""
        self._unwritten = Entry(self.task.pk, self.task.attempt)
        self._seq = self._written_seq

    def _add_event(self, kind: str, data: dict[str, Any]) -> None:
        self._seq += 1
        self._unwritten.events.append(
            Event(
                task_id=self.task.pk,
                attempt=self.task.attempt,
                seq=self._seq,
                type=kind,
                created_at=timezone.now(),
                data=data | self._step.lengths,
            )
        )

    def _new_step(self, position: int) -> StepInProgress:
        return StepInProgress(self.task, seq=self._seq, position=position)

    def _log_context(self) -> dict[str, Any]:
        return {
            "task_id": self.task.pk,
            "attempt": self.task.attempt,
            "request_id": self.task.request_id,
        }


def _summary(step: Step) -> dict[str, Any]:
    """What readers are told of a finished step; its text they have by then."""
    return {
        "step": step.position,
        "kind": step.kind,
        "model": step.model,
        "finish_reason": step.finish_reason,
        "input_tokens": step.input_tokens,
        "output_tokens": step.output_tokens,
    }


def _failure(code: str, detail: str) -> Finish:
    return Finish(Status.FAILED, error_code=code, error_detail=detail[:1000])
