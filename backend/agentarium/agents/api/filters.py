from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_field

from agentarium.agents.models import Agent


@extend_schema_field(
    {
        "type": "boolean",
        "description": "`true` lists the deleted agents, and only those.",
    }
)
class DeletedFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """The deleted ones or the kept ones, never both.

    A choice, because a boolean filter takes whatever it cannot read for no filter.
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
