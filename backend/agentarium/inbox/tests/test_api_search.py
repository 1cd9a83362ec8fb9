"""Searching tasks, the same on both databases."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agentarium.accounts.models import User
from agentarium.agents.models import Agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.inbox.search import Word, parse_words
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import TaskFactory

TASKS = "/api/tasks/"


@pytest.fixture
def ada(alice: User) -> Agent:
    return AgentFactory.create(owner=alice, name="Ada of the north")


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.data["results"]]


def test_looks_for_a_repeated_word_once() -> None:
    words = [Word("rain", is_prefix=False), Word("rain", is_prefix=True)]

    assert parse_words("rain Rain rain* RAIN rain*") == words


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
    def test_finds_tasks_with_every_word(
        self, api: APIClient, ada: Agent, text: str
    ) -> None:
        line = "How is the weather, in 2026 (rain)? e-mail:someone@example.com über X1"
        task = TaskFactory.create(agent=ada, input_text=f"{line}\n“日本語”… can't_say")
        TaskFactory.create(agent=ada, input_text="Nothing of it")

        assert ids(api.get(TASKS, {"search": text})) == [task.pk]

    @pytest.mark.parametrize(
        "text",
        ["weathe", "weather sun", "eather", "*", "?!", "we*", "u1", "a1", "'#u1'"],
    )
    def test_does_not_find_parts_of_words_or_marks(
        self, api: APIClient, ada: Agent, text: str
    ) -> None:
        TaskFactory.create(agent=ada, input_text="How is the weather?")

        assert ids(api.get(TASKS, {"search": text})) == []

    @pytest.mark.parametrize("text", ["ada", "North", "ada weather", "nor"])
    def test_finds_tasks_by_parts_of_their_agents_names(
        self, api: APIClient, alice: User, ada: Agent, text: str
    ) -> None:
        task = TaskFactory.create(agent=ada, input_text="How is the weather?")
        TaskFactory.create(agent__owner=alice, agent__name="Bob")
        # The agent's current name counts, because that is what users see.
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

    def test_finds_no_tasks_of_other_users(
        self, api: APIClient, stranger_api: APIClient, ada: Agent
    ) -> None:
        task = TaskFactory.create(agent=ada, input_text="How is the weather?")

        assert ids(stranger_api.get(TASKS, {"search": "weather ada"})) == []
        assert ids(api.get(TASKS, {"search": "weather ada"})) == [task.pk]

    def test_searches_only_the_beginning_of_a_long_input(
        self, api: APIClient, ada: Agent
    ) -> None:
        task = TaskFactory.create(
            agent=ada, input_text="early" + " x" * 12_000 + " late"
        )

        assert ids(api.get(TASKS, {"search": "early"})) == [task.pk]
        assert ids(api.get(TASKS, {"search": "late"})) == []

    def test_indexes_arbitrary_characters(self, api: APIClient, ada: Agent) -> None:
        text = "z" * 9_000 + " \" \\ ' & | ! ( ) : * < > $body$ %s emoji 😀 \u202e end"
        task = TaskFactory.create(agent=ada, input_text=text)

        assert ids(api.get(TASKS, {"search": "emoji body s end"})) == [task.pk]

    def test_does_not_find_deleted_tasks(self, api: APIClient, ada: Agent) -> None:
        task = TaskFactory.create(agent=ada, input_text="weather")
        task.delete()

        assert ids(api.get(TASKS, {"search": "weather"})) == []

    def test_combines_with_the_other_filters(self, api: APIClient, ada: Agent) -> None:
        TaskFactory.create(agent=ada, input_text="weather")
        failed = TaskFactory.create(agent=ada, input_text="weather", failed=True)

        found = api.get(TASKS, {"search": "weather", "status": "failed"})

        assert ids(found) == [failed.pk]


class TestPages:
    @pytest.fixture
    def tasks(self, ada: Agent) -> list[int]:
        """Tasks with one of two words, spread over many windows of ids."""
        # The smallest windows cover 1,024 ids: gaps simulate many tasks.
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
    def test_contain_every_task_once_and_in_order(
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

    def test_previous_links_lead_back(self, api: APIClient, tasks: list[int]) -> None:
        first = api.get(TASKS, {"search": "common", "limit": "4"})
        second = api.get(first.data["next"])

        assert ids(api.get(second.data["previous"])) == ids(first)

    def test_read_a_common_word_near_the_newest_tasks_only(
        self,
        api: APIClient,
        tasks: list[int],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # 1. agents with the word in their names, 2. the newest task, 3. whether a window
        # has enough matches, 4. the page, 5. the count within the window
        with django_assert_num_queries(5):
            response = api.get(TASKS, {"search": "common", "limit": "2"})

        assert len(ids(response)) == 2
        assert response.data["count"] < 28
        assert response.data["count_is_exact"] is False

    def test_read_the_whole_history_for_a_rare_word(
        self,
        api: APIClient,
        tasks: list[int],
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        # 1. agents with the word in their names, 2. the newest task, 3. whether a window
        # has enough matches, 4. the page from the whole history
        with django_assert_num_queries(4):
            response = api.get(TASKS, {"search": "rare"})

        assert len(ids(response)) == 3
        assert response.data["count"] == 3
        assert response.data["count_is_exact"] is True

    def test_can_only_be_ordered_by_time(self, api: APIClient) -> None:
        response = api.get(TASKS, {"search": "common", "ordering": "status"})

        assert response.status_code == 400
        assert list(response.data["errors"]) == ["ordering"]

    def test_are_empty_without_tasks(self, api: APIClient) -> None:
        response = api.get(TASKS, {"search": "common"})

        assert ids(response) == []
        assert response.data["count"] == 0
        assert response.data["count_is_exact"] is True
