"""The model of task lives beside the rows, and what must hold of both at any time."""

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
from agentarium.worker.tests.lives import (
    STEP_COST,
    Attempt,
    Life,
    Rows,
    by_task,
    stored,
)
from agentarium.worker.writing.writes import AttemptWrite, write_all

Status = AgentTask.Status


class LivesBesideRows(RuleBasedStateMachine):
    """Two workers, one owner, and tasks of which it is known how they should stand."""

    def __init__(self) -> None:
        super().__init__()
        # The database has what earlier examples left.
        AgentTask.objects.all().delete()
        Worker.objects.all().delete()
        self.owner = UserFactory.create()
        self.lives: dict[int, Life] = {}
        self.attempts: list[Attempt] = []
        self.seen_steps: Rows = {}
        self.seen_events: Rows = {}
        self.unknown: set[int] = set()
        self.workers = [register_worker(capacity=10) for _ in range(2)]
        self.agent = create_agent(owner=self.owner, name="Agent", model="scripted")

    # --- What always holds ----------------------------------------------------------

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        waiting = by_task(ToolCall.objects.waiting(), "pk")
        for task in AgentTask.objects.all():
            life = self.lives[task.pk]
            assert (task.status, task.attempt) == (life.status, life.attempt)
            assert (task.lost_attempts, task.steps_count) == (life.lost, life.steps)
            assert task.cost_nanodollars == life.steps * STEP_COST + life.settled
            assert (task.finished_at is not None) == life.is_ended
            assert {pk for (pk,) in waiting[task.pk]} == life.waiting.keys()
            if not life.is_ended:
                assert task.worker_id == life.worker
            # One that waits for nothing would wait for ever.
            assert task.status != "waiting" or life.waiting

    @invariant()
    def logs_only_grow_and_have_no_gaps(self) -> None:
        steps = by_task(Step.objects.order_by("position"), "position", "attempt")
        events = by_task(Event.objects.all(), "attempt", "seq", "type")
        for task_id, life in self.lives.items():
            numbers = [position for position, _ in steps[task_id]]
            assert numbers == list(range(1, life.steps + 1))
            places = [(attempt, seq) for attempt, seq, _ in events[task_id]]
            for (attempt, seq), after in pairwise([(0, 0), *places]):
                assert after in ((attempt, seq + 1), (attempt + 1, 1))
            assert places[-1][0] == life.attempt
        for now, before in ((steps, self.seen_steps), (events, self.seen_events)):
            for task_id, rows in before.items():
                assert now[task_id][: len(rows)] == rows
        self.seen_steps, self.seen_events = steps, events

    @invariant()
    def unknown_outcomes_stay_known_as_such(self) -> None:
        """Until somebody has decided; whatever becomes of their tasks."""
        rows = ToolCall.objects.filter(pk__in=self.unknown)
        assert set(rows.values_list("status", flat=True)) <= {"waiting", "started"}
        assert len(rows) == len(self.unknown)

    @invariant()
    def attempts_hold_what_the_model_says(self) -> None:
        held = {one.key for one in self.attempts if self._is_held(one)}
        assert still_held(one.key for one in self.attempts) == held

    # --- Choosing and writing -------------------------------------------------------

    def _any_attempt(self, data: st.DataObject) -> Attempt:
        """One of the last, and more often than not one that holds its task."""
        held = [one for one in self.attempts if self._is_held(one)]
        return data.draw(st.sampled_from([*held, *self.attempts[-3:]]))

    def _any_task(self, data: st.DataObject) -> AgentTask:
        return AgentTask.objects.get(pk=data.draw(st.sampled_from(list(self.lives))))

    def _is_held(self, attempt: Attempt) -> bool:
        life = self.lives[attempt.task_id]
        return life.status == "running" and life.attempt == attempt.number

    def _write(self, attempt: Attempt, entry: AttemptWrite) -> bool:
        """Whether it was written. What does not hold its task changes nothing."""
        if not self._is_held(attempt):
            assert not self._changes_nothing(attempt, entry)
            return False
        assert write_all([entry]) == {attempt.key}
        attempt.seq += 1
        return True

    def _changes_nothing(
        self, attempt: Attempt, entry: AttemptWrite
    ) -> set[AttemptKey]:
        before = stored(attempt.task_id)
        held = write_all([entry])
        assert stored(attempt.task_id) == before
        return held
