"""The state machine's model of tasks, and what must always hold of model and rows."""

from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.services import create_agent
from agentarium.tasks.fence import AttemptKey, still_held
from agentarium.tasks.models import AgentTask, Event, Step, ToolCall, Worker
from agentarium.worker.leases import register_worker
from agentarium.worker.tests.expected import (
    STEP_COST,
    Attempt,
    ExpectedTask,
    Rows,
    by_task,
    stored_rows,
)
from agentarium.worker.writing.writes import AttemptWrite, write_all

Status = AgentTask.Status


class TaskModelMachine(RuleBasedStateMachine):
    """Two workers, one owner, and their tasks with the expected state of each."""

    def __init__(self) -> None:
        super().__init__()
        # Earlier examples leave their rows.
        AgentTask.objects.all().delete()
        Worker.objects.all().delete()
        self.owner = UserFactory.create()
        self.expected: dict[int, ExpectedTask] = {}
        self.attempts: list[Attempt] = []
        self.seen_steps: Rows = {}
        self.seen_events: Rows = {}
        self.unknown: set[int] = set()
        self.workers = [register_worker(capacity=10) for _ in range(2)]
        self.agent = create_agent(owner=self.owner, name="Agent", model="scripted")

    # --- What always holds ----------------------------------------------------------

    @invariant()
    def rows_match_the_model(self) -> None:
        waiting = by_task(ToolCall.objects.waiting(), "pk")
        for task in AgentTask.objects.all():
            task_model = self.expected[task.pk]
            assert (task.status, task.attempt) == (
                task_model.status,
                task_model.attempt,
            )
            assert (task.lost_attempts, task.steps_count) == (
                task_model.lost,
                task_model.steps,
            )
            assert (
                task.cost_nanodollars
                == task_model.steps * STEP_COST + task_model.late_cost
            )
            assert (task.finished_at is not None) == task_model.is_ended
            assert {pk for (pk,) in waiting[task.pk]} == task_model.waiting.keys()
            if not task_model.is_ended:
                assert task.worker_id == task_model.worker
            # Without an open call it would wait forever.
            assert task.status != "waiting" or task_model.waiting

    @invariant()
    def logs_only_grow_and_have_no_gaps(self) -> None:
        steps = by_task(Step.objects.order_by("position"), "position", "attempt")
        events = by_task(Event.objects.all(), "attempt", "seq", "type")
        for task_id, task_model in self.expected.items():
            numbers = [position for position, _ in steps[task_id]]
            assert numbers == list(range(1, task_model.steps + 1))
            places = [(attempt, seq) for attempt, seq, _ in events[task_id]]
            for (attempt, seq), after in pairwise([(0, 0), *places]):
                assert after in ((attempt, seq + 1), (attempt + 1, 1))
            assert places[-1][0] == task_model.attempt
        for now, before in ((steps, self.seen_steps), (events, self.seen_events)):
            for task_id, rows in before.items():
                assert now[task_id][: len(rows)] == rows
        self.seen_steps, self.seen_events = steps, events

    @invariant()
    def unknown_outcomes_stay_undecided(self) -> None:
        """Until a person decides, whatever happens to their tasks."""
        rows = ToolCall.objects.filter(pk__in=self.unknown)
        assert set(rows.values_list("status", flat=True)) <= {"waiting", "started"}
        assert len(rows) == len(self.unknown)

    @invariant()
    def attempts_hold_their_tasks_as_in_the_model(self) -> None:
        held = {one.key for one in self.attempts if self._is_held(one)}
        assert still_held(one.key for one in self.attempts) == held

    # --- Choosing and writing -------------------------------------------------------

    def _any_attempt(self, data: st.DataObject) -> Attempt:
        """One of the last attempts, more likely one that holds its task."""
        held = [one for one in self.attempts if self._is_held(one)]
        return data.draw(st.sampled_from([*held, *self.attempts[-3:]]))

    def _any_task(self, data: st.DataObject) -> AgentTask:
        return AgentTask.objects.get(pk=data.draw(st.sampled_from(list(self.expected))))

    def _is_held(self, attempt: Attempt) -> bool:
        task_model = self.expected[attempt.task_id]
        return task_model.status == "running" and task_model.attempt == attempt.number

    def _write(self, attempt: Attempt, write: AttemptWrite) -> bool:
        """Store a write. False, and no row changes, if the attempt lost its task."""
        if not self._is_held(attempt):
            assert not self._write_without_changes(attempt, write)
            return False
        assert write_all([write]) == {attempt.key}
        attempt.seq += 1
        return True

    def _write_without_changes(
        self, attempt: Attempt, write: AttemptWrite
    ) -> set[AttemptKey]:
        before = stored_rows(attempt.task_id)
        held = write_all([write])
        assert stored_rows(attempt.task_id) == before
        return held
