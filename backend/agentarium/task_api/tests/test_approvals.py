"""What a decision about a call costs, and who may take it."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.agents.models import Agent
from agentarium.tasks.models import AgentTask, ToolCall
from agentarium.tasks.tests.factories import TaskFactory

APPROVALS = "/api/approvals/"


@pytest.fixture
def call(agent: Agent) -> ToolCall:
    return ToolCall.objects.create(
        task=TaskFactory.create(agent=agent, status=AgentTask.Status.WAITING),
        step=1,
        tool_call_id="call-1",
        name="save",
        effect="write",
        arguments="{}",
        status=ToolCall.Status.WAITING,
        waits_for=ToolCall.WaitsFor.APPROVAL,
    )


def test_reads_a_call_once(
    api: APIClient, call: ToolCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = f"{APPROVALS}{call.pk}/reject/"

    # 1. the call, 2. begin, 3. its task, 4. the call's change, 5. the number of the last
    # event, 6. the event, 7. other calls of the task, 8. its place in the queue, 9. its
    # change, 10. the call as it is now, 11. end
    with django_assert_num_queries(11):
        response = api.post(path, {"reason": "No."})

    assert response.json()["status"] == "answered"


@pytest.mark.parametrize("body", [{"reason": "No."}, {"reason": ["not", "text"]}])
def test_hides_a_call_of_another_user_whatever_is_sent(
    stranger_api: APIClient, call: ToolCall, body: dict[str, Any]
) -> None:
    response = stranger_api.post(f"{APPROVALS}{call.pk}/reject/", body)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
