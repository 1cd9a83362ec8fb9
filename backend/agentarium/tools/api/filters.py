from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_field

from agentarium.tools.models import McpServer


@extend_schema_field(
    {
        "type": "boolean",
        "description": "`true` lists the servers with changed tools that wait for "
        "acceptance, `false` the others.",
    }
)
class HasChangesFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """A choice filter, because a boolean filter ignores invalid values."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, **options)

    def filter(self, queryset: Any, value: str) -> Any:
        return queryset.filter(has_changes=value == "true") if value else queryset


class McpServerFilter(django_filters.FilterSet):  # type: ignore[misc]
    has_changes = HasChangesFilter()

    class Meta:
        model = McpServer
        fields = ["has_changes"]
