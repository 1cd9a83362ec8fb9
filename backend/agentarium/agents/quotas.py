"""The quota of agents. Deleted agents do not count, until they are restored."""

from django.conf import settings

from agentarium.accounts.quotas import Quota, register_quota
from agentarium.agents.models import Agent


def _count(owner_id: int) -> int:
    return Agent.objects.kept().filter(owner=owner_id).count()


AGENTS = register_quota(
    Quota(
        name="agents",
        label="agents",
        advice="Delete one",
        default=lambda: settings.MAX_AGENTS_PER_USER,
        count_used=_count,
    )
)
