import pytest
from django.test import Client

from agentarium.accounts.tests.factories import UserFactory
from agentarium.agents.admin import SHOWN_VERSIONS
from agentarium.agents.models import AgentVersion
from agentarium.agents.tests.factories import AgentFactory


@pytest.mark.django_db
def test_an_agents_page_shows_the_newest_versions_only(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    agent = AgentFactory.create()
    AgentVersion.objects.bulk_create(
        AgentVersion(agent=agent, number=number, model=f"model-{number}-")
        for number in range(100, 100 + SHOWN_VERSIONS + 10)
    )

    page = client.get(f"/admin/agents/agent/{agent.pk}/change/").content.decode()

    assert f"model-{99 + SHOWN_VERSIONS + 10}-" in page
    assert "model-110-" in page
    assert "model-109-" not in page
