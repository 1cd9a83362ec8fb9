"""Everything that can happen to tasks, in random orders.

A model next to the rows is the state machine as it is meant to be. After each action the
rows are compared with the model, and the invariants of all tasks are checked.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from agentarium.agents.services import create_agent
from agentarium.core.exceptions import NotFoundError
from agentarium.db.clock import Now
from agentarium.runtime.call_usage import CallUsage
from agentarium.runtime.messages import Usage
from agentarium.tasks.models import AgentTask, ToolCall, Worker
from agentarium.tasks.services import (
    answer_from_children,
    cancel_task,
    delete_agent,
    expire_calls,
    force_fail_task,
    retry_task,
    submit_child,
    submit_task,
)
from agentarium.tasks.services.cancel import TaskEndedError
from agentarium.tasks.services.decisions import NotWaitingError
from agentarium.tasks.services.retry import NotRetryableError
from agentarium.worker.leases import register_worker, renew_lease
from agentarium.worker.queue import claims, late_usage, recovery, release
from agentarium.worker.tests.expected import (
    DECISIONS,
    Attempt,
    ExpectedTask,
    call_of,
    draft_of,
    step_of,
    write_of,
)
from agentarium.worker.tests.model_machine import TaskModelMachine
from agentarium.worker.writing.writes import Finish

MAX_ATTEMPTS = 3
Status = AgentTask.Status


class TaskStateMachine(TaskModelMachine):
    """Two workers, one owner, and an agent that is sometimes deleted."""

    @initialize()
    def begin(self) -> None:
        self.submit()
        self.submit()
        self.claim(0, 1)

    @rule()
    def submit(self) -> None:
        task = submit_task(agent=self.agent, input_text="Hello", owner=self.owner)
        self.expected[task.pk] = ExpectedTask()

    @rule(which=st.integers(0, 1), limit=st.integers(1, 3))
    def claim(self, which: int, limit: int) -> None:
        worker = self.workers[which]
        pending = sum(
            task_model.status == "pending" for task_model in self.expected.values()
        )
        tasks = claims.claim_tasks(worker, limit=limit)
        assert len(tasks) == min(limit, pending)
        for task in tasks:
            task_model = self.expected[task.pk]
            assert task_model.status == "pending"
            task_model.status, task_model.worker = "running", worker.pk
            task_model.attempt += 1
            attempt = Attempt(task.pk, task.attempt, worker, task.steps_count)
            self.attempts.append(attempt)

    @rule(which=st.integers(0, 1), limit=st.integers(0, 3))
    def lose_worker(self, which: int, limit: int) -> None:
        """A worker is lost, and the other one claims."""
        dead = self.workers[which]
        Worker.objects.filter(pk=dead.pk).update(lease_until=Now() - timedelta(1))
        recovery.recover_tasks(leases_are_trustworthy=lambda: True)
        assert not renew_lease(dead)
        assert claims.claim_tasks(dead, limit=5) == []
        held = [
            task_model
            for task_model in self.expected.values()
            if task_model.status == "running" and task_model.worker == dead.pk
        ]
        for task_model in held:
            task_model.lose(MAX_ATTEMPTS)
        for task_model in held:
            self._cancel_children(task_model)
        self._settle_abandoned(dead)
        self.workers[which] = register_worker(capacity=10)
        self.claim(1 - which, limit)

    def _settle_abandoned(self, dead: Worker) -> None:
        """Recovery counts what the attempts of ended tasks have used."""
        for task_model in self.expected.values():
            if task_model.is_ended and task_model.worker == dead.pk:
                task_model.worker = None

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def release_task(self, data: st.DataObject) -> None:
        attempt = self._any_attempt(data)
        release.release_tasks(attempt.worker, [attempt.key])
        if self._is_held(attempt):
            task_model = self.expected[attempt.task_id]
            task_model.status, task_model.worker = "pending", None

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def lose_one_attempt(self, data: st.DataObject) -> None:
        attempt = self._any_attempt(data)
        recovery.lose_attempt(attempt.worker, attempt.key)
        if self._is_held(attempt):
            task_model = self.expected[attempt.task_id]
            task_model.lose(MAX_ATTEMPTS)
            self._cancel_children(task_model)

    # --- What an attempt writes -----------------------------------------------------

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), is_repeated=st.booleans())
    def respond(self, data: st.DataObject, is_repeated: bool) -> None:  # noqa: FBT001
        """Store a response and a draft of the next one; twice after a lost connection."""
        attempt = self._any_attempt(data)
        write = write_of(attempt, "step.completed")
        write.steps = [step_of(attempt)]
        write.drafts = [draft_of(attempt)]
        if self._write(attempt, write):
            attempt.position += 1
            self.expected[attempt.task_id].steps += 1
            if is_repeated:
                self._write_without_changes(attempt, write)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), waits_for=st.sampled_from(["approval", "answer", "outcome"]))
    def ask_person(self, data: st.DataObject, waits_for: str) -> None:
        attempt = self._any_attempt(data)
        write = write_of(attempt, "tool.waiting")
        write.tool_calls = [call_of(attempt, waits_for)]
        if self._write(attempt, write):
            row = ToolCall.objects.get(
                task=attempt.task_id, tool_call_id=write.tool_calls[0].tool_call_id
            )
            self.expected[attempt.task_id].waiting[row.pk] = waits_for
            if waits_for == "outcome":
                self.unknown.add(row.pk)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def call_agent(self, data: st.DataObject) -> None:
        attempt = self._any_attempt(data)
        parent = AgentTask.objects.get(pk=attempt.task_id)
        parent.attempt = attempt.number
        row = call_of(attempt, "task")
        is_ours = submit_child(parent=parent, agent=self.agent, call=row)
        assert is_ours == self._is_held(attempt)
        if is_ours:
            assert row.child
            call_id = ToolCall.objects.get(child=row.child).pk
            self.expected[attempt.task_id].waiting[call_id] = "task"
            self.expected[attempt.task_id].children[call_id] = row.child.pk
            self.expected[row.child.pk] = ExpectedTask()

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), status=st.sampled_from(["completed", "failed", "waiting"]))
    def finish(self, data: st.DataObject, status: str) -> None:
        attempt = self._any_attempt(data)
        task_model = self.expected[attempt.task_id]
        # A task with open calls always becomes waiting.
        status = "waiting" if self._is_held(attempt) and task_model.waiting else status
        write = write_of(attempt, f"task.{status}")
        write.finish = Finish(Status(status), output_text="Done.")
        if not self._write(attempt, write):
            return
        if status == "waiting":
            task_model.suspend()
        else:
            task_model.worker = None
            task_model.end(status)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def record_late_usage(self, data: st.DataObject) -> None:
        """Late usage is added once, and only to a cancelled task."""
        attempt = self._any_attempt(data)
        task_model = self.expected[attempt.task_id]
        before = AgentTask.objects.get(pk=attempt.task_id)
        late_usage.record_late_usage(
            attempt.worker,
            late_usage.LateUsage(*attempt.key, CallUsage(Usage(5, 7), 11)),
        )
        after = AgentTask.objects.get(pk=attempt.task_id)
        is_added = (
            task_model.status == "cancelled"
            and task_model.worker == attempt.worker.pk
            and task_model.attempt == attempt.number
        )
        assert after.output_tokens - before.output_tokens == (7 if is_added else 0)
        added = after.cost_nanodollars - before.cost_nanodollars
        assert added == (11 if is_added else 0)
        if is_added:
            task_model.worker = None
            task_model.late_cost += 11

    # --- What users do --------------------------------------------------------------

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        task = self._any_task(data)
        task_model = self.expected[task.pk]
        if task_model.is_ended:
            with pytest.raises(TaskEndedError):
                cancel_task(task, by=self.owner)
        else:
            cancel_task(task, by=self.owner)
            self._cancel(task_model)

    def _cancel(self, task_model: ExpectedTask) -> None:
        """A task that has already ended does not cancel its children."""
        if not task_model.is_ended:
            task_model.end("cancelled")
            self._cancel_children(task_model)

    def _cancel_children(self, task_model: ExpectedTask) -> None:
        """No task waits for the children of an ended one."""
        if task_model.is_ended:
            for child in task_model.children.values():
                self._cancel(self.expected[child])

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        task = self._any_task(data)
        task_model = self.expected[task.pk]
        if task_model.status in ("failed", "cancelled"):
            retry_task(task, by=self.owner)
            task_model.status, task_model.lost, task_model.worker = "pending", 0, None
        else:
            with pytest.raises(NotRetryableError):
                retry_task(task, by=self.owner)

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def force_fail(self, data: st.DataObject) -> None:
        task = self._any_task(data)
        task_model = self.expected[task.pk]
        if task_model.is_ended:
            with pytest.raises(TaskEndedError):
                force_fail_task(task, by=self.owner)
        else:
            force_fail_task(task, by=self.owner)
            task_model.end("failed")
            self._cancel_children(task_model)

    @rule()
    def delete_the_agent(self) -> None:
        delete_agent(self.agent)
        with pytest.raises(NotFoundError):
            submit_task(agent=self.agent, input_text="Hello", owner=self.owner)
        deleted = set(self.agent.tasks.values_list("pk", flat=True))
        for task_id in deleted & self.expected.keys():
            if self.expected[task_id].status == "pending":
                self.expected[task_id].end("cancelled")
        self.agent = create_agent(owner=self.owner, name="Agent", model="scripted")

    # --- Decisions on calls ---------------------------------------------------------

    @precondition(lambda self: ToolCall.objects.exists())
    @rule(data=st.data(), name=st.sampled_from(sorted(DECISIONS)))
    def decide(self, data: st.DataObject, name: str) -> None:
        """Make any decision on any call. Only a fitting one is accepted."""
        ids = ToolCall.objects.order_by("pk").values_list("pk", flat=True)
        call = ToolCall.objects.get(pk=data.draw(st.sampled_from(list(ids))))
        task_model = self.expected[call.task_id]
        waits_for, decision = DECISIONS[name]
        if task_model.waiting.get(call.pk) == waits_for:
            decision(call, by=self.owner)
            self._apply_decision(task_model, call.pk)
            if name == "fail":
                task_model.end("failed")
                self._cancel_children(task_model)
        else:
            with pytest.raises(NotWaitingError):
                decision(call, by=self.owner)

    def _apply_decision(self, task_model: ExpectedTask, call_id: int) -> None:
        del task_model.waiting[call_id]
        self.unknown.discard(call_id)
        if task_model.status == "waiting" and not task_model.waiting:
            task_model.status = "pending"

    @rule()
    def expire(self) -> None:
        expire_calls(now=timezone.now() + timedelta(days=1))
        for task_model in self.expected.values():
            for call_id in [
                pk for pk, kind in task_model.waiting.items() if kind != "task"
            ]:
                self._apply_decision(task_model, call_id)

    @rule()
    def answer_calls_from_children(self) -> None:
        answer_from_children()
        for task_model in self.expected.values():
            for call_id, child in task_model.children.items():
                if call_id in task_model.waiting and self.expected[child].is_ended:
                    self._apply_decision(task_model, call_id)


def test_tasks_behave_like_the_model(db: None, settings: Settings) -> None:
    settings.MAX_ATTEMPTS = MAX_ATTEMPTS
    # No lease expires by itself, even on a slow machine.
    settings.LEASE_SECONDS = 3600

    run_state_machine_as_test(
        TaskStateMachine,
        settings=hypothesis_settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
