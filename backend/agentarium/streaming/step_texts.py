"""The text of steps, for readers of the event log.

A long text takes many reads, each of which needs a part of it. A stored step never
changes, so its text is kept between them instead of being decoded for each.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple

from agentarium.runtime.messages import message_from_json
from agentarium.tasks.models import Step

# A text that is shorter is delivered in one read: keeping it would help nothing.
LONG_CHARS = 2**17
# All texts that are kept.
MAX_CHARS = 2**25


class StepText(NamedTuple):
    """What readers get of a step as deltas; `pk` is the step's."""

    pk: int
    position: int
    reasoning: str
    text: str

    @property
    def chars(self) -> int:
        return len(self.reasoning) + len(self.text)


class StepTexts:
    """Reads the texts of steps, and keeps long ones. Callable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By task and position, the most recently used last.
        self._kept: OrderedDict[tuple[int, int], StepText] = OrderedDict()

    def find(self, task_id: int, positions: Collection[int]) -> dict[int, StepText]:
        """The texts of a task's steps, by position. One query, two if one is kept."""
        steps = Step.objects.filter(task=task_id, position__in=positions).order_by()
        found = {}
        if kept := self._find_kept(task_id, positions):
            stored = set(steps.values_list("pk", flat=True))
            found = {each.position: each for each in kept if each.pk in stored}
        if missing := [each for each in positions if each not in found]:
            for step in steps.filter(position__in=missing):
                found[step.position] = self._read(step)
        return found

    def _find_kept(self, task_id: int, positions: Collection[int]) -> list[StepText]:
        with self._lock:
            keys = [key for each in positions if (key := (task_id, each)) in self._kept]
            for key in keys:
                self._kept.move_to_end(key)
            return [self._kept[key] for key in keys]

    def _read(self, step: Step) -> StepText:
        message = message_from_json(step.message)
        text = StepText(step.pk, step.position, message.reasoning, message.text)
        if LONG_CHARS <= text.chars <= MAX_CHARS:
            self._keep(step.task_id, text)
        return text

    def _keep(self, task_id: int, text: StepText) -> None:
        with self._lock:
            self._kept[task_id, text.position] = text
            while sum(each.chars for each in self._kept.values()) > MAX_CHARS:
                self._kept.popitem(last=False)
