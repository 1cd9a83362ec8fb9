"""`agentarium agents`, `tasks` and `task`."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.cli.tests.conftest import Invoke
from agentarium.tasks.models import AgentTask, Step
from agentarium.tasks.services import submit_task


@pytest.fixture
def agent(alice: User) -> Agent:
    return create_agent(owner=alice, name="Writer [bold]", model="scripted")


@pytest.fixture
def task(agent: Agent) -> AgentTask:
    return submit_task(agent=agent, input_text="Hello\x1b[2J you", owner=agent.owner)


def complete(task: AgentTask) -> None:
    now = timezone.now()
    AgentTask.objects.filter(pk=task.pk).update(
        status=AgentTask.Status.COMPLETED,
        started_at=now - timedelta(seconds=2),
        finished_at=now,
        output_text="The answer",
        input_tokens=3,
        output_tokens=4,
        cost_nanodollars=1_500_000,
        cost_is_complete=False,
    )
    Step.objects.create(
        task=task,
        position=1,
        attempt=1,
        kind=Step.Kind.MODEL_RESPONSE,
        model="scripted-1",
        started_at=now,
        finished_at=now,
        message={"role": "assistant", "parts": []},
    )


class TestAgents:
    def test_lists_agents_with_their_last_task(
        self, invoke: Invoke, task: AgentTask
    ) -> None:
        result = invoke("agents")

        assert result.exit_code == 0
        assert "Writer [bold]" in result.stdout
        assert "pending" in result.stdout

    def test_prints_the_json_of_the_api(
        self, invoke: Invoke, agent: Agent, task: AgentTask
    ) -> None:
        rows = json.loads(invoke("agents", "--json").stdout)

        assert [row["id"] for row in rows] == [agent.pk]
        assert rows[0]["tasks_count"] == 1
        assert rows[0]["recent_tasks"][0]["id"] == task.pk

    def test_hides_other_users_rows(
        self, invoke: Invoke, agent: Agent, stranger: User
    ) -> None:
        assert json.loads(invoke("agents", "--user=stranger", "--json").stdout) == []


class TestTasks:
    def test_lists_the_newest_first(
        self, invoke: Invoke, agent: Agent, task: AgentTask
    ) -> None:
        newer = submit_task(agent=agent, input_text="Newer", owner=agent.owner)

        rows = json.loads(invoke("tasks", "--json").stdout)
        limited = json.loads(invoke("tasks", "--limit=1", "--json").stdout)

        assert [row["id"] for row in rows] == [newer.pk, task.pk]
        assert [row["id"] for row in limited] == [newer.pk]

    def test_filters_by_status(self, invoke: Invoke, task: AgentTask) -> None:
        failed = json.loads(invoke("tasks", "--status=failed", "--json").stdout)
        both = json.loads(
            invoke("tasks", "--status=failed", "--status=pending", "--json").stdout
        )

        assert failed == []
        assert [row["id"] for row in both] == [task.pk]
        assert invoke("tasks", "--status=done").exit_code == 2

    def test_filters_by_how_the_answer_ended_and_marks_it(
        self, invoke: Invoke, task: AgentTask
    ) -> None:
        complete(task)
        AgentTask.objects.update(finish_reason="length", usage_is_estimated=True)

        listed = invoke("tasks", "--finish-reason=length").stdout
        others = json.loads(invoke("tasks", "--finish-reason=stop", "--json").stdout)

        assert "completed (cut off)" in " ".join(listed.split())
        assert "≈3 + ≈4" in listed
        assert others == []
        assert invoke("tasks", "--finish-reason=done").exit_code == 2

    def test_writes_no_control_characters(
        self, invoke: Invoke, task: AgentTask
    ) -> None:
        assert "\x1b" not in invoke("tasks").stdout
        assert "\x1b" not in invoke("task", task.pk).stdout


class TestTask:
    def test_shows_output_tokens_time_and_steps(
        self, invoke: Invoke, task: AgentTask
    ) -> None:
        complete(task)

        result = invoke("task", task.pk)
        data = json.loads(invoke("task", task.pk, "--json").stdout)

        assert "completed, 3 + 4 tokens, $0.0015 + ?, 2.0 s" in result.stdout
        assert "The answer" in result.stdout
        assert "scripted-1" in result.stdout
        assert data["output_text"] == "The answer"
        assert [step["position"] for step in data["steps"]] == [1]

    def test_hides_other_users_rows(
        self, invoke: Invoke, task: AgentTask, stranger: User
    ) -> None:
        assert invoke("task", task.pk, "--user=stranger").exit_code == 1
        assert invoke("task", 10**30, "--user=alice").exit_code == 1
