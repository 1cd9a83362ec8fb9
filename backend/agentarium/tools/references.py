"""The rows that an agent's list of tools refers to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentarium.tools.catalogue import CallableAgent
from agentarium.tools.models import HttpTool, McpServer

ToolEntry = dict[str, Any]
# Returns the agents with these ids that the owner has.
FindAgents = Callable[[Collection[int]], Mapping[int, CallableAgent]]


@dataclass(frozen=True, slots=True)
class Referenced:
    """The rows that a list of entries refers to, by id, if its owner may use them."""

    http_tools: Mapping[int, HttpTool]
    mcp_servers: Mapping[int, McpServer]
    agents: Mapping[int, CallableAgent]


def load_referenced(
    owner_id: int, entries: Sequence[ToolEntry], find_agents: FindAgents
) -> Referenced:
    """Load the rows that the entries refer to, in at most three queries."""
    agents = _ids(entries, "agent", "agent")
    return Referenced(
        HttpTool.objects.filter(owner_id=owner_id).in_bulk(_ids(entries, "http", "id")),
        McpServer.objects.usable_by(owner_id).in_bulk(_ids(entries, "mcp", "server")),
        find_agents(agents) if agents else {},
    )


def _ids(entries: Sequence[ToolEntry], kind: str, key: str) -> set[int]:
    return {entry[key] for entry in entries if entry["type"] == kind}
