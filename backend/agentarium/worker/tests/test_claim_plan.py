"""The query plan of a claim, whose cost must not grow with the queue."""

import pytest
from django.db import connection

from agentarium.db.tests.plans import plans_of
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory
from agentarium.worker.leases import register_worker
from agentarium.worker.queue.claims import claim_tasks

# Reads only the beginning of the queue, in its order.
IN_ORDER = {
    "postgresql": "Index Scan using task_pending",
    "sqlite": "USING INDEX task_pending",
}
SORTS = {"postgresql": "Sort", "sqlite": "TEMP B-TREE"}

pytestmark = pytest.mark.django_db


def test_a_claim_reads_the_queue_in_index_order_without_sorting() -> None:
    worker = register_worker(capacity=10)
    tasks = TaskFactory.create_batch(5)

    with plans_of("ORDER BY") as plans:
        claimed = claim_tasks(worker, limit=3)

    assert claimed == tasks[:3]
    assert AgentTask.objects.in_queue().count() == 2
    (plan,) = plans
    assert IN_ORDER[connection.vendor] in plan
    assert SORTS[connection.vendor] not in plan
    # After a join, the planner would sort the queue if it expects few pending tasks.
    assert "agentversion" not in plan
