from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from agentarium.accounts.tests.factories import UserFactory
from agentarium.core.encryption import Sealed
from agentarium.tools.models import HttpTool, McpServer

SEARCH = {
    "name": "search",
    "description": "Search the web.",
    "parameters": {
        "type": "object",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
    },
    "effect": "read",
}
SEND = {
    "name": "send.mail",
    "description": "Send a mail.",
    "parameters": {"type": "object"},
    "effect": "write",
}


class HttpToolFactory(DjangoModelFactory[HttpTool]):
    class Meta:
        model = HttpTool

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda number: f"tool_{number}")
    description = "Does something."
    parameters: Any = factory.LazyFunction(lambda: {"type": "object"})
    method = "GET"
    url_template = "https://api.example.com/things"
    headers: Any = factory.LazyFunction(
        lambda: {"Authorization": Sealed.of("Bearer secret")}
    )


class McpServerFactory(DjangoModelFactory[McpServer]):
    class Meta:
        model = McpServer

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda number: f"server_{number}")
    url = "https://mcp.example.com/mcp"
    headers: Any = factory.LazyFunction(
        lambda: {"Authorization": Sealed.of("Bearer secret")}
    )
    tools: Any = factory.LazyFunction(lambda: [SEARCH, SEND])
    fetched_at = factory.LazyFunction(timezone.now)
