"""Creating, changing, copying, hiding and restoring agents."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction

from agentarium.accounts.actors import SERVER, Actor
from agentarium.accounts.models import User
from agentarium.accounts.quotas import check_room
from agentarium.accounts.storage import add_stored, json_row_size
from agentarium.agents.models import (
    DEFINITION_FIELDS,
    MAX_NAME_CHARS,
    Agent,
    AgentVersion,
)
from agentarium.agents.quotas import AGENTS
from agentarium.core.exceptions import NotFoundError
from agentarium.db import clock
from agentarium.db.compiled_query import CompiledQuery
from agentarium.db.transactions import atomic
from agentarium.tools.approval import ListedTool, listed_tools
from agentarium.tools.catalogue import CallableAgent
from agentarium.tools.entries import check_tools
from agentarium.tools.models import ProtectionChange
from agentarium.tools.protection.agents import record_changed_list
from agentarium.tools.protection.record import Subject, SubjectKey, changes_of
from agentarium.tools.references import FindAgents, ToolEntry, load_referenced

COPY_MARK = " (copy)"
# The columns of an agent that submitting a task needs.
_AGENTS = CompiledQuery(
    lambda: Agent.objects.only("owner", "name", "version", "model", "deleted_at")
)


def find_agent(user: User, agent_id: int) -> Agent:
    """The agent with this id that is visible to a user, by a compiled query.

    Raises `NotFoundError`, also for a deleted agent.
    """
    agent = _AGENTS.find(owner=user.pk, id=agent_id)
    if agent is None or agent.deleted_at is not None:
        raise NotFoundError
    return agent


def find_agents(owner_id: int) -> FindAgents:
    """A function that finds an owner's agents by id, for tools that call agents."""

    def find(ids: Collection[int]) -> Mapping[int, CallableAgent]:
        agents = Agent.objects.kept().filter(owner=owner_id, pk__in=ids)
        rows = agents.values_list("pk", "name", "description")
        return {pk: CallableAgent(name, description) for pk, name, description in rows}

    return find


def _check_tools(owner_id: int, fields: dict[str, Any]) -> None:
    if fields.get("tools"):
        fields["tools"] = check_tools(
            owner_id, fields["tools"], find_agents=find_agents(owner_id)
        )


@transaction.atomic
def create_agent(*, owner: User, by: Actor = SERVER, **fields: Any) -> Agent:
    """Create an agent; without a model, it gets the default one.

    Raises `InvalidInputError` if its tools are invalid, and `QuotaExceededError`.
    """
    check_room(AGENTS, owner.pk)
    _check_tools(owner.pk, fields)
    agent = Agent.objects.create(owner=owner, **fields)
    _count_version(agent)
    _record_protection(agent, before=[], by=by)
    return agent


def _count_version(agent: Agent) -> None:
    content = [agent.name, agent.description, agent.definition]
    add_stored(agent.owner_id, json_row_size(content))


@atomic
def update_agent(agent: Agent, *, by: Actor = SERVER, **changes: Any) -> Agent:
    """Change an agent; a change of its definition creates its next version.

    Tools that are less protected from now on are recorded. Raises
    `InvalidInputError` if its tools are invalid, and `QuotaExceededError` if the
    version does not fit into the owner's stored data.
    """
    _check_tools(agent.owner_id, changes)
    agent = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    tools_before, version = agent.tools, agent.version
    for name, value in changes.items():
        setattr(agent, name, value)
    agent.save(update_fields=[*changes, "updated_at"])
    if agent.version != version:
        _count_version(agent)
    if agent.tools != tools_before:
        _record_protection(agent, before=tools_before, by=by)
    return agent


def _record_protection(agent: Agent, *, before: Sequence[ToolEntry], by: Actor) -> None:
    find = find_agents(agent.owner_id)
    entries = [*before, *agent.tools]
    if not entries:
        return
    record_changed_list(
        SubjectKey(agent.owner_id, Subject.AGENT, agent.pk, agent.version),
        before,
        agent.tools,
        referenced=load_referenced(agent.owner_id, entries, find),
        by=by,
    )


def listed_tools_of(agent: Agent) -> list[ListedTool]:
    """The tools that new tasks of an agent get. At most three queries."""
    find = find_agents(agent.owner_id)
    referenced = load_referenced(agent.owner_id, agent.tools, find)
    return list(listed_tools(referenced, agent.tools))


def add_changes(user: User, agent: Agent, versions: Sequence[AgentVersion]) -> None:
    """Set `protection_changes` of an agent's versions. One query."""
    changes = changes_of(user, Subject.AGENT, agent.pk)
    by_version: dict[int | None, list[ProtectionChange]] = defaultdict(list)
    for change in changes.filter(version__in=[each.number for each in versions]):
        by_version[change.version].append(change)
    for version in versions:
        version.protection_changes = by_version[version.number]


def roll_back_agent(
    agent: Agent, version: AgentVersion, *, by: Actor = SERVER
) -> Agent:
    """Make an earlier definition the current one, as a new version."""
    return update_agent(
        agent, by=by, **{name: getattr(version, name) for name in DEFINITION_FIELDS}
    )


def duplicate_agent(agent: Agent, *, by: Actor = SERVER) -> Agent:
    """Create a copy of an agent, without its tasks and versions."""
    max_chars = MAX_NAME_CHARS - len(COPY_MARK)
    return create_agent(
        owner=agent.owner,
        by=by,
        name=agent.name[:max_chars] + COPY_MARK,
        description=agent.description,
        **agent.definition,
    )


@transaction.atomic
def restore_agent(agent: Agent) -> Agent:
    """Restore a deleted agent, with its tasks and versions. Otherwise does nothing.

    Raises `QuotaExceededError`.
    """
    if agent.deleted_at is not None:
        check_room(AGENTS, agent.owner_id)
        agent.deleted_at = None
        agent.save(update_fields=["deleted_at", "updated_at"])
    return agent


def hide_agent(agent: Agent) -> None:
    """Mark an agent as deleted; its tasks and versions are kept."""
    agent.deleted_at = clock.now()
    agent.save(update_fields=["deleted_at", "updated_at"])


def create_first_agent(owner: User) -> None:
    """Create the agent that every new account has."""
    create_agent(
        owner=owner,
        name="Assistant",
        description="Answers questions. Ready to run, and yours to change.",
        instructions="You are a helpful assistant. Answer clearly and briefly.",
    )
