import json
from unittest.mock import patch

import pytest
from typer.testing import Result

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.models import Agent
from agentarium.agents.services import create_agent
from agentarium.cli.tests.conftest import BackgroundRunner, Invoke
from agentarium.runtime.providers.base import ProviderError, ProviderErrorCode
from agentarium.tasks.models import AgentTask
from agentarium.worker.tests.scripted import ScriptedModel


@pytest.fixture
def owner(transactional_db: None) -> User:
    return UserFactory.create(username="alice")


@pytest.fixture
def agent(owner: User) -> Agent:
    return create_agent(owner=owner, name="Writer", model="scripted")


class TestSubmitting:
    @pytest.mark.parametrize("field", ["pk", "name"])
    def test_finds_an_agent_by_its_id_and_by_its_name(
        self, invoke: Invoke, agent: Agent, field: str
    ) -> None:
        result = invoke("run", getattr(agent, field), "Hello")

        assert result.exit_code == 0
        task = AgentTask.objects.get()
        assert (task.agent, task.input_text) == (agent, "Hello")
        assert task.status == AgentTask.Status.PENDING

    def test_warns_if_no_worker_is_alive(self, invoke: Invoke, agent: Agent) -> None:
        result = invoke("run", agent.pk, "Hello")

        assert "No worker is running" in result.stderr

    def test_reads_the_input_from_stdin(self, invoke: Invoke, agent: Agent) -> None:
        invoke("run", agent.pk, "-", stdin="From\nstdin\n")

        assert AgentTask.objects.get().input_text == "From\nstdin\n"

    def test_prints_the_pending_task_as_json(
        self, invoke: Invoke, agent: Agent
    ) -> None:
        result = invoke("run", agent.pk, "Hello", "--json")

        assert json.loads(result.stdout)["status"] == "pending"

    def test_rejects_a_missing_a_foreign_and_an_ambiguous_agent(
        self, invoke: Invoke, agent: Agent
    ) -> None:
        create_agent(owner=agent.owner, name="Writer", model="scripted")
        foreign = create_agent(owner=UserFactory.create(), name="Foreign", model="m")

        assert invoke("run", "--user=alice", "Missing", "Hello").exit_code == 1
        assert invoke("run", "--user=alice", foreign.pk, "Hello").exit_code == 1
        assert invoke("run", "--user=alice", "Writer", "Hello").exit_code == 2
        assert not AgentTask.objects.exists()

    @pytest.mark.parametrize("text", ["", " \n", "nul\x00l"])
    def test_rejects_input_that_the_api_rejects(
        self, invoke: Invoke, agent: Agent, text: str
    ) -> None:
        assert invoke("run", agent.pk, text).exit_code == 2
        assert not AgentTask.objects.exists()


class TestFollowing:
    def test_prints_the_output_until_the_task_ends(
        self, invoke: Invoke, agent: Agent, background_runner: BackgroundRunner
    ) -> None:
        with background_runner(ScriptedModel("Hel", "lo \x1b[2J🐢")):
            result = invoke("run", agent.pk, "Hi", "--follow")

        assert result.exit_code == 0
        assert result.stdout == "Hello �[2J🐢\n"
        assert "completed, 7 + 2 tokens" in result.stderr

    def test_exits_with_1_if_the_task_failed(
        self, invoke: Invoke, agent: Agent, background_runner: BackgroundRunner
    ) -> None:
        error = ProviderError(ProviderErrorCode.AUTH, "The key is wrong.")

        with background_runner(ScriptedModel(error=error)):
            result = invoke("run", agent.pk, "Hi", "--follow")

        assert result.exit_code == 1
        assert "provider_auth: The key is wrong." in result.stderr

    def test_prints_only_the_finished_task_as_json(
        self, invoke: Invoke, agent: Agent, background_runner: BackgroundRunner
    ) -> None:
        with background_runner(ScriptedModel("Hello")):
            result = invoke("run", agent.pk, "Hi", "--follow", "--json")

        data = json.loads(result.stdout)
        assert (data["status"], data["output_text"]) == ("completed", "Hello")
        assert len(data["steps"]) == 1

    def test_leaves_the_task_running_on_ctrl_c(
        self, invoke: Invoke, agent: Agent
    ) -> None:
        result = self._interrupted(invoke, agent)

        assert result.exit_code == 130
        assert "keeps running" in result.stderr
        assert AgentTask.objects.get().status == AgentTask.Status.PENDING

    def _interrupted(self, invoke: Invoke, agent: Agent) -> Result:
        # Patched in this module only, because other threads sleep, too.
        with patch("agentarium.cli.records.run.time") as clock:
            clock.sleep.side_effect = KeyboardInterrupt
            return invoke("run", agent.pk, "Hi", "--follow")
