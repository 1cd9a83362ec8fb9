from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_field

from agentarium.agents.models import Agent


@extend_schema_field(
    {
        "type": "boolean",
        "description": "`true` lists only deleted agents, `false` only the others.",
    }
)
class DeletedFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Deleted agents, or the others.

    A choice filter, because a boolean filter ignores invalid values.
    """

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, **options)

    def filter(self, queryset: Any, value: str) -> Any:
        return queryset.filter(deleted_at__isnull=value != "true")


class AgentFilter(django_filters.FilterSet):  # type: ignore[misc]
    is_deleted = DeletedFilter()

    class Meta:
        model = Agent
        fields = ["model"]
