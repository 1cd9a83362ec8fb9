"""`agentarium agents`: list a user's agents."""

from agentarium.agents.models import Agent
from agentarium.cli.administration.users import find_user
from agentarium.cli.terminal import cell, local_time, print_json, say, show, table
from agentarium.inbox.recent_tasks import recent_tasks
from agentarium.task_api.agents import agent_rows


def list_agents(user: str, *, as_json: bool) -> None:
    owner = find_user(user)
    agents = list(Agent.objects.visible_to(owner).kept())
    recent = recent_tasks(owner.pk, [agent.pk for agent in agents])
    if as_json:
        print_json(agent_rows(agents, recent))
        return
    if not agents:
        say(f"{owner.username} has no agents.")
        return
    rows = table("ID", "NAME", "MODEL", "TASKS", "LAST TASK")
    for agent in agents:
        newest = next(iter(recent.get(agent.pk, [])), None)
        rows.add_row(
            cell(agent.pk),
            cell(agent.name),
            cell(agent.model),
            cell(agent.tasks_count),
            cell(f"{local_time(newest.created_at)}  {newest.status}" if newest else ""),
        )
    show(rows)
