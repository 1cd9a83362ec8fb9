from typing import Any

import factory
from factory.django import DjangoModelFactory

from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent


class AgentFactory(DjangoModelFactory[Agent]):
    """An agent with its first version."""

    class Meta:
        model = Agent

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda number: f"Agent {number}")
    instructions = "Be brief."
    model = "openai:gpt-4o-mini"

    @classmethod
    def _create(cls, model_class: type[Agent], *args: Any, **fields: Any) -> Agent:
        return create_agent(**fields)
