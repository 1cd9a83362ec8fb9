import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agentarium.accounts.models import User
from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.models import Agent
from agentarium.agents.services import update_agent
from agentarium.agents.tests.factories import AgentFactory
from agentarium.tasks.admin import CappedPaginator
from agentarium.tasks.models import AgentTask
from agentarium.tasks.tests.factories import StepFactory, TaskFactory

AGENTS = "/admin/agents/agent/"
TASKS = "/admin/tasks/agenttask/"
STEPS = "/admin/tasks/step/"


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def rows(alice: User) -> None:
    for _ in range(3):
        StepFactory.create(task=TaskFactory.create(agent__owner=alice, completed=True))


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("address", [AGENTS, TASKS, STEPS])
def test_lists_take_four_queries_for_any_number_of_rows(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    # 1. the session, 2. the operator, 3. the count of the rows, 4. the rows
    with django_assert_num_queries(4):
        response = operator.get(address)

    assert response.status_code == 200
    assert response.content.count(b"field-id") == 3


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("address", "count"),
    [
        (f"{AGENTS}?q=alice", 3),
        (f"{AGENTS}?deleted_at__isempty=0", 0),
        (f"{TASKS}?q=alice", 3),
        (f"{TASKS}?q=unknown", 0),
        (f"{TASKS}?status__exact=completed", 3),
        (f"{TASKS}?status__exact=failed", 0),
        (f"{STEPS}?q=gpt-4o-mini-2024-07-18", 3),
        (f"{STEPS}?kind__exact=tool_result", 0),
    ],
)
def test_lists_can_be_searched_and_filtered(
    operator: Client, address: str, count: int
) -> None:
    response = operator.get(address)

    assert response.status_code == 200
    assert response.content.count(b"field-id") == count


def test_a_search_finds_a_task_by_its_id(operator: Client) -> None:
    task, _ = TaskFactory.create(), TaskFactory.create()

    response = operator.get(TASKS, {"q": str(task.pk)})

    assert response.content.count(b"field-id") == 1


def test_an_agent_is_shown_with_its_versions(operator: Client) -> None:
    agent = AgentFactory.create()
    update_agent(agent, model="openai:gpt-4o")

    response = operator.get(f"{AGENTS}{agent.pk}/change/")

    assert response.status_code == 200
    assert b"openai:gpt-4o-mini" in response.content
    assert b'name="_save"' not in response.content


@pytest.mark.parametrize("address", [f"{TASKS}7/change/", f"{STEPS}8/change/"])
def test_tasks_and_steps_are_read_only(operator: Client, address: str) -> None:
    StepFactory.create(pk=8, task=TaskFactory.create(pk=7, running=True))

    page = operator.get(address)
    edited = operator.post(address, {"status": "failed"})

    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert edited.status_code == 403


def test_an_added_agent_has_a_first_version(operator: Client, alice: User) -> None:
    form = operator.get(f"{AGENTS}add/").context["adminform"].form
    fields = {field.name: field.initial or "" for field in form}

    added = operator.post(f"{AGENTS}add/", fields | {"owner": alice.pk, "name": "A"})

    assert added.status_code == 302
    agent = Agent.objects.get(owner=alice)
    assert agent.temperature == 0.7
    assert agent.versions.get().definition == agent.definition


def test_an_added_task_belongs_to_the_owner_of_its_agent(
    operator: Client, alice: User
) -> None:
    agent = AgentFactory.create(owner=alice)
    fields = {"agent": agent.pk, "input_text": "hello", "priority": 0}

    added = operator.post(f"{TASKS}add/", fields)
    refused = operator.post(f"{TASKS}add/", fields | {"agent": ""})

    assert (added.status_code, refused.status_code) == (302, 200)
    task = AgentTask.objects.get()
    assert (task.owner, task.status) == (alice, "pending")
    assert task.agent_version == agent.versions.get()
    assert task.events.get().type == "task.created"


@pytest.mark.parametrize("address", [AGENTS, TASKS, STEPS])
def test_users_who_are_not_staff_are_redirected(stranger: User, address: str) -> None:
    client = Client()
    client.force_login(stranger)

    assert client.get(address).status_code == 302
    assert client.get(f"{address}add/").status_code == 302


@pytest.mark.django_db
def test_a_list_counts_rows_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agentarium.tasks.admin.COUNTED_ROWS", 2)
    TaskFactory.create_batch(3)

    paginator = CappedPaginator(AgentTask.objects.order_by("id"), 1)

    assert (paginator.count, paginator.num_pages) == (2, 2)
