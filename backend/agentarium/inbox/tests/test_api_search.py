"""Search, on both databases the same."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory

TASKS = "/api/tasks/"


@pytest.fixture
def ada(alice: User) -> Agent:
    return AgentFactory.create(owner=alice, name="Ada of the north")


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.data["results"]]


class TestWords:
    @pytest.mark.parametrize(
        "text",
        [
            "weather",
            "WEATHER?",
            "rain weather",
            "weath*",
            "x1 2026",
            "mail",
            "someone@example.com",
            "über",
            "日本語",
            "can't",
        ],
    )
    def test_finds_what_has_every_word(
        self, api: APIClient, ada: Agent, text: str
    ) -> None:
        told = "How is the weather, in 2026 (rain)? e-mail:someone@example.com über X1"
        task = TaskFactory.create(agent=ada, input_text=f"{told}\n“日本語”… can't_say")
        TaskFactory.create(agent=ada, input_text="Nothing of it")

        assert ids(api.get(TASKS, {"search": text})) == [task.pk]

    @pytest.mark.parametrize(
        "text",
        ["weathe", "weather sun", "eather", "*", "?!", "we*", "u1", "a1", "'#u1'"],
    )
    def test_finds_nothing_else(self, api: APIClient, ada: Agent, text: str) -> None:
        TaskFactory.create(agent=ada, input_text="How is the weather?")

        assert ids(api.get(TASKS, {"search": text})) == []

    @pytest.mark.parametrize("text", ["ada", "North", "ada weather", "nor"])
    def test_finds_tasks_by_parts_of_their_agents_names(
        self, api: APIClient, alice: User, ada: Agent, text: str
    ) -> None:
        task = TaskFactory.create(agent=ada, input_text="How is the weather?")
        TaskFactory.create(agent__owner=alice, agent__name="Bob")
        # A name that an agent gets later counts, because that is what one sees.
        Agent.objects.filter(pk=ada.pk).update(name="Adam in the north")

        assert ids(api.get(TASKS, {"search": text})) == [task.pk]

    def test_finds_tasks_by_a_word_in_the_names_of_all_agents(
        self, api: APIClient, alice: User
    ) -> None:
        first, *others = (
            TaskFactory.create(
                agent__owner=alice, agent__name=f"Helper {name}", input_text="weather"
            )
            for name in ("one", "two", "three", "four", "five")
        )

        assert len(ids(api.get(TASKS, {"search": "helper"}))) == 5
        assert ids(api.get(TASKS, {"search": "helper one"})) == [first.pk]
        assert ids(api.get(TASKS, {"search": "helper rain"})) == []
        AgentFactory.create(owner=alice, name="Cook")
        TaskFactory.create(agent=others[0].agent, input_text="helper")
        assert len(ids(api.get(TASKS, {"search": "helper"}))) == 6

    def test_finds_nothing_of_a_stranger(
        self, api: APIClient, stranger_api: APIClient, ada: Agent
    ) -> None:
        task = TaskFactory.create(agent=ada, input_text="How is the weather?")

        assert ids(stranger_api.get(TASKS, {"search": "weather ada"})) == []
        assert ids(api.get(TASKS, {"search": "weather ada"})) == [task.pk]

    def test_looks_at_the_beginning_of_a_long_input(
        self, api: APIClient, ada: Agent
    ) -> None:
        task = TaskFactory.create(
            agent=ada, input_text="early" + " x" * 12_000 + " late"
        )

        assert ids(api.get(TASKS, {"search": "early"})) == [task.pk]
        assert ids(api.get(TASKS, {"search": "late"})) == []

    def test_holds_whatever_somebody_writes(self, api: APIClient, ada: Agent) -> None:
        text = "z" * 9_000 + " \" \\ ' & | ! ( ) : * < > $body$ %s emoji 😀 \u202e end"
        task = TaskFactory.create(agent=ada, input_text=text)

        assert ids(api.get(TASKS, {"search": "emoji body s end"})) == [task.pk]

    def test_forgets_the_words_of_deleted_tasks(
        self, api: APIClient, ada: Agent
    ) -> None:
        task = TaskFactory.create(agent=ada, input_text="weather")
        task.delete()

        assert ids(api.get(TASKS, {"search": "weather"})) == []

    def test_narrows_with_the_other_filters(self, api: APIClient, ada: Agent) -> None:
        TaskFactory.create(agent=ada, input_text="weather")
        failed = TaskFactory.create(agent=ada, input_text="weather", failed=True)

        found = api.get(TASKS, {"search": "weather", "status": "failed"})

        assert ids(found) == [failed.pk]


class TestPages:
    @pytest.fixture
    def tasks(self, ada: Agent) -> list[int]:
        """Tasks of two words in turn, over many windows of few ids."""
        # Windows of the smallest level hold 1,024 ids: as if there were many tasks.
        texts = ["rare", *["common"] * 9]
        first = TaskFactory.create(agent=ada, input_text="common").pk
        for number in range(30):
            TaskFactory.create(
                pk=first + 300 * (number + 1),
                agent=ada,
                input_text=texts[number % 10],
            )
        return sorted(AgentTask.objects.values_list("pk", flat=True), reverse=True)

    @pytest.mark.parametrize("ordering", ["", "-created_at", "created_at"])
    def test_hold_every_task_once_and_in_order(
        self, api: APIClient, tasks: list[int], ordering: str
    ) -> None:
        found: list[int] = []
        address = f"{TASKS}?search=common&limit=4&ordering={ordering}"
        while address:
            response = api.get(address)
            found += ids(response)
            address = response.data["next"]

        common = AgentTask.objects.filter(input_text="common")
        expected = sorted(common.values_list("pk", flat=True))
        assert found == (expected if ordering == "created_at" else expected[::-1])

    def test_lead_back(self, api: APIClient, tasks: list[int]) -> None:
        first = api.get(TASKS, {"search": "common", "limit": "4"})
        second = api.get(first.data["next"])

        assert ids(api.get(second.data["previous"])) == ids(first)

    def test_read_a_common_word_near_the_newest_tasks_only(
        self,
        api: APIClient,
        tasks: list[int],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # 1. agents that are called so, 2. the newest task, 3. which window holds enough,
        # 4. the page from it, 5. how many it holds
        with django_assert_num_queries(5):
            response = api.get(TASKS, {"search": "common", "limit": "2"})

        assert len(ids(response)) == 2
        assert response.data["count"] < 28
        assert response.data["count_is_exact"] is False

    def test_read_all_for_a_rare_word(
        self,
        api: APIClient,
        tasks: list[int],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # 1. agents that are called so, 2. the newest task, 3. which window holds enough,
        # 4. all of the history
        with django_assert_num_queries(4):
            response = api.get(TASKS, {"search": "rare"})

        assert len(ids(response)) == 3
        assert response.data["count"] == 3
        assert response.data["count_is_exact"] is True

    def test_are_ordered_by_time_alone(self, api: APIClient) -> None:
        response = api.get(TASKS, {"search": "common", "ordering": "status"})

        assert response.status_code == 400
        assert list(response.data["errors"]) == ["ordering"]

    def test_are_empty_where_there_is_nothing(self, api: APIClient) -> None:
        response = api.get(TASKS, {"search": "common"})

        assert ids(response) == []
        assert response.data["count"] == 0
        assert response.data["count_is_exact"] is True
