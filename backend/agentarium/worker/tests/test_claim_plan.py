"""A claim costs the same however long the queue is."""

from typing import Any

import pytest
from django.db import connection

from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.worker.claims import claim_tasks
from agentarium.worker.leases import register_worker

EXPLAIN = {"postgresql": "EXPLAIN (COSTS OFF)", "sqlite": "EXPLAIN QUERY PLAN"}
# Reads the queue in its order, as far as it is needed.
IN_ORDER = {
    "postgresql": "Index Scan using task_pending",
    "sqlite": "USING INDEX task_pending",
}
SORTS = {"postgresql": "Sort", "sqlite": "TEMP B-TREE"}

pytestmark = pytest.mark.django_db


def test_a_claim_reads_the_queue_in_its_order() -> None:
    worker = register_worker(capacity=10)
    tasks = TaskFactory.create_batch(5)
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if "ORDER BY" in sql and "'pending'" in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"{EXPLAIN[connection.vendor]} {sql}", params)
                rows = cursor.cursor.fetchall()
            plans.append("\n".join(str(row[-1]) for row in rows))
        return execute(sql, params, many, context)

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # It knows of millions that have ended, and of few that are pending.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    with connection.execute_wrapper(explain):
        claimed = claim_tasks(worker, limit=3)

    assert claimed == tasks[:3]
    assert AgentTask.objects.in_queue().count() == 2
    (plan,) = plans
    assert IN_ORDER[connection.vendor] in plan
    assert SORTS[connection.vendor] not in plan
    # Joined to a small table, it would be sorted as soon as few are thought to wait.
    assert "agentversion" not in plan
