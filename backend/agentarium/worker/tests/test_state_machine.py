"""A task's life with everything that can be done to it, in orders nobody thought of.

The model beside the rows is the state machine as it is meant to be. After each action
rows and model are compared, and what must hold of any task is looked at.
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
from agentarium.tasks.services.calls import NotWaitingError
from agentarium.tasks.services.cancel import TaskEndedError
from agentarium.tasks.services.retry import NotRetryableError
from agentarium.worker.leases import register_worker, renew_lease
from agentarium.worker.queue import claims
from agentarium.worker.tests.lives import (
    DECISIONS,
    Attempt,
    Life,
    call_of,
    draft_of,
    entry_of,
    step_of,
)
from agentarium.worker.tests.lives_beside_rows import LivesBesideRows
from agentarium.worker.writing.writes import Finish

MAX_ATTEMPTS = 3
Status = AgentTask.Status


class TaskLife(LivesBesideRows):
    """Two workers, one owner, and an agent that is deleted now and then."""

    @initialize()
    def begin(self) -> None:
        self.submit()
        self.submit()
        self.claim(0, 1)

    @rule()
    def submit(self) -> None:
        task = submit_task(agent=self.agent, input_text="Hello", owner=self.owner)
        self.lives[task.pk] = Life()

    @rule(which=st.integers(0, 1), limit=st.integers(1, 3))
    def claim(self, which: int, limit: int) -> None:
        worker = self.workers[which]
        expected = sum(life.status == "pending" for life in self.lives.values())
        tasks = claims.claim_tasks(worker, limit=limit)
        assert len(tasks) == min(limit, expected)
        for task in tasks:
            life = self.lives[task.pk]
            assert life.status == "pending"
            life.status, life.worker = "running", worker.pk
            life.attempt += 1
            attempt = Attempt(task.pk, task.attempt, worker, task.steps_count)
            self.attempts.append(attempt)

    @rule(which=st.integers(0, 1), limit=st.integers(0, 3))
    def lose_worker(self, which: int, limit: int) -> None:
        """And let the other one take over."""
        dead = self.workers[which]
        Worker.objects.filter(pk=dead.pk).update(lease_until=Now() - timedelta(1))
        claims.recover_tasks(leases_are_trustworthy=lambda: True)
        assert not renew_lease(dead)
        assert claims.claim_tasks(dead, limit=5) == []
        held = [
            life
            for life in self.lives.values()
            if life.status == "running" and life.worker == dead.pk
        ]
        for life in held:
            life.lose(MAX_ATTEMPTS)
        for life in held:
            self._stop_called(life)
        self.workers[which] = register_worker(capacity=10)
        self.claim(1 - which, limit)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        attempt = self._any_attempt(data)
        claims.release_tasks(attempt.worker, [attempt.key])
        if self._is_held(attempt):
            life = self.lives[attempt.task_id]
            life.status, life.worker = "pending", None

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def lose_one_attempt(self, data: st.DataObject) -> None:
        attempt = self._any_attempt(data)
        claims.lose_attempt(attempt.worker, attempt.key)
        if self._is_held(attempt):
            life = self.lives[attempt.task_id]
            life.lose(MAX_ATTEMPTS)
            self._stop_called(life)

    # --- What an attempt writes -----------------------------------------------------

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), is_repeated=st.booleans())
    def say(self, data: st.DataObject, is_repeated: bool) -> None:  # noqa: FBT001
        """A model response is stored, with text of the next one; twice, if a
        connection was lost and nobody knows whether it was stored."""
        attempt = self._any_attempt(data)
        entry = entry_of(attempt, "step.completed")
        entry.steps = [step_of(attempt)]
        entry.drafts = [draft_of(attempt)]
        if self._write(attempt, entry):
            attempt.position += 1
            self.lives[attempt.task_id].steps += 1
            if is_repeated:
                self._changes_nothing(attempt, entry)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), waits_for=st.sampled_from(["approval", "answer", "outcome"]))
    def ask_person(self, data: st.DataObject, waits_for: str) -> None:
        attempt = self._any_attempt(data)
        entry = entry_of(attempt, "tool.waiting")
        entry.tool_calls = [call_of(attempt, waits_for)]
        if self._write(attempt, entry):
            row = ToolCall.objects.get(
                task=attempt.task_id, tool_call_id=entry.tool_calls[0].tool_call_id
            )
            self.lives[attempt.task_id].waiting[row.pk] = waits_for
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
            self.lives[attempt.task_id].waiting[row.pk] = "task"
            self.lives[attempt.task_id].children[row.pk] = row.child.pk
            self.lives[row.child.pk] = Life()

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), status=st.sampled_from(["completed", "failed", "waiting"]))
    def finish(self, data: st.DataObject, status: str) -> None:
        attempt = self._any_attempt(data)
        life = self.lives[attempt.task_id]
        # A worker leaves a task with open calls as waiting, whatever it wants.
        status = "waiting" if self._is_held(attempt) and life.waiting else status
        entry = entry_of(attempt, f"task.{status}")
        entry.finish = Finish(Status(status), output_text="Done.")
        if not self._write(attempt, entry):
            return
        if status == "waiting":
            life.leave()
        else:
            life.worker = None
            life.end(status)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """What a cancelled attempt spent is added once, and to no other."""
        attempt = self._any_attempt(data)
        life = self.lives[attempt.task_id]
        before = AgentTask.objects.get(pk=attempt.task_id)
        claims.record_late_usage(
            attempt.worker, claims.LateUsage(*attempt.key, 5, 7, 11, drafts=[])
        )
        after = AgentTask.objects.get(pk=attempt.task_id)
        is_owed = (
            life.status == "cancelled"
            and life.worker == attempt.worker.pk
            and life.attempt == attempt.number
        )
        assert after.output_tokens - before.output_tokens == (7 if is_owed else 0)
        added = after.cost_nanodollars - before.cost_nanodollars
        assert added == (11 if is_owed else 0)
        if is_owed:
            life.worker = None
            life.settled = 11

    # --- What people do -------------------------------------------------------------

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        task = self._any_task(data)
        life = self.lives[task.pk]
        if life.is_ended:
            with pytest.raises(TaskEndedError):
                cancel_task(task, by=self.owner)
        else:
            cancel_task(task, by=self.owner)
            self._cancel(life)

    def _cancel(self, life: Life) -> None:
        """A task that has ended already stops nothing below it."""
        if not life.is_ended:
            life.end("cancelled")
            self._stop_called(life)

    def _stop_called(self, life: Life) -> None:
        """What an ended task has called, nobody waits for any more."""
        if life.is_ended:
            for child in life.children.values():
                self._cancel(self.lives[child])

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        task = self._any_task(data)
        life = self.lives[task.pk]
        if life.status in ("failed", "cancelled"):
            retry_task(task, by=self.owner)
            life.status, life.lost, life.worker = "pending", 0, None
        else:
            with pytest.raises(NotRetryableError):
                retry_task(task, by=self.owner)

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def force_fail(self, data: st.DataObject) -> None:
        task = self._any_task(data)
        life = self.lives[task.pk]
        if life.is_ended:
            with pytest.raises(TaskEndedError):
                force_fail_task(task, by=self.owner)
        else:
            force_fail_task(task, by=self.owner)
            life.end("failed")
            self._stop_called(life)

    @rule()
    def delete_the_agent(self) -> None:
        delete_agent(self.agent)
        with pytest.raises(NotFoundError):
            submit_task(agent=self.agent, input_text="Hello", owner=self.owner)
        deleted = set(self.agent.tasks.values_list("pk", flat=True))
        for task_id in deleted & self.lives.keys():
            if self.lives[task_id].status == "pending":
                self.lives[task_id].end("cancelled")
        self.agent = create_agent(owner=self.owner, name="Agent", model="scripted")

    # --- What is decided of calls ---------------------------------------------------

    @precondition(lambda self: ToolCall.objects.exists())
    @rule(data=st.data(), verb=st.sampled_from(sorted(DECISIONS)))
    def decide(self, data: st.DataObject, verb: str) -> None:
        """Any decision about any call; only one that fits is taken."""
        ids = ToolCall.objects.order_by("pk").values_list("pk", flat=True)
        call = ToolCall.objects.get(pk=data.draw(st.sampled_from(list(ids))))
        life = self.lives[call.task_id]
        waits_for, decision = DECISIONS[verb]
        if life.waiting.get(call.pk) == waits_for:
            decision(call, by=self.owner)
            self._decided(life, call.pk)
            if verb == "fail":
                life.end("failed")
                self._stop_called(life)
        else:
            with pytest.raises(NotWaitingError):
                decision(call, by=self.owner)

    def _decided(self, life: Life, call_id: int) -> None:
        del life.waiting[call_id]
        self.unknown.discard(call_id)
        if life.status == "waiting" and not life.waiting:
            life.status = "pending"

    @rule()
    def expire(self) -> None:
        expire_calls(now=timezone.now() + timedelta(days=1))
        for life in self.lives.values():
            for call_id in [pk for pk, kind in life.waiting.items() if kind != "task"]:
                self._decided(life, call_id)

    @rule()
    def look_at_children(self) -> None:
        answer_from_children()
        for life in self.lives.values():
            for call_id, child in life.children.items():
                if call_id in life.waiting and self.lives[child].is_ended:
                    self._decided(life, call_id)


def test_a_task_lives_as_it_should(db: None, settings: Settings) -> None:
    settings.MAX_ATTEMPTS = MAX_ATTEMPTS
    # Only whom the test loses is lost, however slow the machine is.
    settings.LEASE_SECONDS = 3600

    run_state_machine_as_test(
        TaskLife,
        settings=hypothesis_settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
