"""The newest tasks of each of several agents."""

from collections import defaultdict
from collections.abc import Sequence

from agentarium.tasks.models import AgentTask
from agentarium.tasks.models.task import READ_INPUT_CHARS

RECENT = 5

# One subquery per agent, each read from the end of the agent's range of the index
# (agent, -created_at, -id). A window function over the tasks of these agents would read
# all of them; a LATERAL join would not, but SQLite has none.
_NEWEST = f"""
SELECT * FROM (
    SELECT id, agent_id, status, created_at, finished_at,
           substr(input_text, 1, {READ_INPUT_CHARS}) AS beginning
    FROM {AgentTask._meta.db_table}
    WHERE agent_id = %s AND owner_id = %s
    ORDER BY created_at DESC, id DESC
    LIMIT {RECENT}
) AS newest
"""  # noqa: S608 - made of constants


def recent_tasks(owner_id: int, agent_ids: Sequence[int]) -> dict[int, list[AgentTask]]:
    """The newest tasks by agent id, newest first, in one query.

    Instead of its input, each task has only the `beginning` of it.
    """
    tasks: dict[int, list[AgentTask]] = defaultdict(list)
    if agent_ids:
        sql = "UNION ALL".join([_NEWEST] * len(agent_ids))
        parameters = [value for pk in agent_ids for value in (pk, owner_id)]
        for task in AgentTask.objects.raw(sql, parameters):
            tasks[task.agent_id].append(task)
    for newest in tasks.values():
        newest.sort(key=lambda task: (task.created_at, task.pk), reverse=True)
    return tasks
