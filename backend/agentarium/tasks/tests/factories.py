from typing import Any

import factory
from django.db.models import QuerySet
from django.utils import timezone
from factory.django import DjangoModelFactory

from agentarium.agents.tests.factories import AgentFactory
from agentarium.runtime.messages import Message, TextPart, message_to_json
from agentarium.tasks.models import AgentTask, Event, Step


class TaskFactory(DjangoModelFactory[AgentTask]):
    """A task of its agent's owner: pass `agent=` or `agent__owner=`.

    Inserts only the row, without the log and the counts that `AgentTask.objects` adds.
    """

    class Meta:
        model = AgentTask

    class Params:
        running = factory.Trait(
            status=AgentTask.Status.RUNNING,
            attempt=1,
            started_at=factory.LazyFunction(timezone.now),
        )
        completed = factory.Trait(
            status=AgentTask.Status.COMPLETED,
            attempt=1,
            started_at=factory.LazyFunction(timezone.now),
            finished_at=factory.LazyFunction(timezone.now),
            output_text="Four.",
        )
        failed = factory.Trait(
            status=AgentTask.Status.FAILED,
            attempt=1,
            started_at=factory.LazyFunction(timezone.now),
            finished_at=factory.LazyFunction(timezone.now),
            error_code="provider_auth",
            error_detail="The provider refused the key.",
        )

    agent = factory.SubFactory(AgentFactory)
    owner = factory.LazyAttribute(lambda task: task.agent.owner)
    agent_version = factory.LazyAttribute(
        lambda task: task.agent.versions.get(number=task.agent.version)
    )
    input_text = "What is two and two?"

    @classmethod
    def _create(
        cls, model_class: type[AgentTask], *args: Any, **fields: Any
    ) -> AgentTask:
        rows: QuerySet[AgentTask] = QuerySet(AgentTask)
        (task,) = rows.bulk_create([AgentTask(**fields)])
        return task


class EventFactory(DjangoModelFactory[Event]):
    class Meta:
        model = Event

    task = factory.SubFactory(TaskFactory)
    attempt = 0
    seq = 1
    type = "task.created"


def _response() -> dict[str, Any]:
    return message_to_json(Message("assistant", (TextPart("Four."),)))


class StepFactory(DjangoModelFactory[Step]):
    class Meta:
        model = Step

    task = factory.SubFactory(TaskFactory, running=True)
    position = factory.Sequence(lambda number: number + 1)
    attempt = 1
    kind = Step.Kind.MODEL_RESPONSE
    model = "gpt-4o-mini-2024-07-18"
    finish_reason = "stop"
    input_tokens = 12
    output_tokens = 3
    cost_nanodollars = 3_600
    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyFunction(timezone.now)
    message = factory.LazyFunction(_response)
