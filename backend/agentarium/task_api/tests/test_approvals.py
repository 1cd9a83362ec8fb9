"""Decisions on calls: their queries, and access."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.agents.models import Agent
from agentarium.agents.tests.clients import with_scopes
from agentarium.task_api.approvals import PREVIEW_CHARS
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


def test_a_decision_reads_the_call_once(
    api: APIClient, call: ToolCall, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = f"{APPROVALS}{call.pk}/reject/"

    # 1. the call, 2. begin, 3. the task, 4. the call's update, 5. the number of the last
    # event, 6. the event, 7. other calls of the task, 8. its place in the queue, 9. the
    # task's update, 10. the updated call, 11. commit
    with django_assert_num_queries(11):
        response = api.post(path, {"reason": "No."})

    assert response.json()["status"] == "answered"


@pytest.mark.parametrize("body", [{"reason": "No."}, {"reason": ["not", "text"]}])
def test_a_call_of_another_user_returns_404_with_any_body(
    stranger_api: APIClient, call: ToolCall, body: dict[str, Any]
) -> None:
    response = stranger_api.post(f"{APPROVALS}{call.pk}/reject/", body)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_takes_no_longer_arguments_than_from_a_model(
    api: APIClient, call: ToolCall
) -> None:
    body = {"arguments": {"text": "a" * 1_000_000}}

    response = api.post(f"{APPROVALS}{call.pk}/approve/", body)

    assert response.status_code == 400
    assert response.json()["errors"]["arguments"][0]["code"] == "too_long"
    call.refresh_from_db()
    assert call.status == "waiting"


class TestLongTexts:
    @pytest.mark.parametrize(
        ("length", "is_cut"), [(PREVIEW_CHARS, False), (PREVIEW_CHARS + 1, True)]
    )
    def test_a_list_has_their_beginnings(
        self, api: APIClient, call: ToolCall, *, length: int, is_cut: bool
    ) -> None:
        ToolCall.objects.update(arguments="ä" * length, answer="b" * length)

        (row,) = api.get(APPROVALS).data["results"]
        whole = api.get(f"{APPROVALS}{call.pk}/").data

        assert row["arguments"] == "ä" * PREVIEW_CHARS
        assert row["answer"] == "b" * PREVIEW_CHARS
        assert row["arguments_is_truncated"] is row["answer_is_truncated"] is is_cut
        assert whole["arguments"] == "ä" * length
        assert whole["answer"] == "b" * length

    def test_a_list_reads_no_more_than_these(
        self,
        api: APIClient,
        call: ToolCall,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in (2, 3):
            call.pk, call.tool_call_id = None, f"call-{number}"
            call.save()

        # 1. the page; it is all there is, so nothing is counted
        with django_assert_num_queries(1):
            response = api.get(APPROVALS)

        assert len(response.data["results"]) == 3


@pytest.mark.parametrize("decision", ["approve", "reject", "answer", "resolve"])
def test_a_token_that_may_run_and_write_cannot_decide(
    agent: Agent, call: ToolCall, decision: str
) -> None:
    client = with_scopes(agent.owner, "read", "run", "write")

    response = client.post(f"{APPROVALS}{call.pk}/{decision}/", {})

    assert (response.status_code, response.data["code"]) == (403, "insufficient_scope")
    assert ToolCall.objects.get(pk=call.pk).status == ToolCall.Status.WAITING


def test_a_token_with_the_scope_approve_decides(agent: Agent, call: ToolCall) -> None:
    client = with_scopes(agent.owner, "approve")

    response = client.post(f"{APPROVALS}{call.pk}/approve/", {})

    assert response.data["status"] == "approved"
    assert ToolCall.objects.get(pk=call.pk).decided_by == agent.owner
