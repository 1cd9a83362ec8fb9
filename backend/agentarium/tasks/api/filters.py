from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django_filters.fields import IsoDateTimeField

from agentarium.agents.models import Agent
from agentarium.tasks.models import AgentTask, ToolCall


class RepeatedOrListed(forms.SelectMultiple):
    """`?status=failed&status=cancelled` and `?status=failed,cancelled` alike."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        texts = data.getlist(name) if isinstance(data, MultiValueDict) else []
        return [value for text in texts for value in text.split(",") if value]


class StatusFilter(django_filters.MultipleChoiceFilter):  # type: ignore[misc]
    def filter(self, queryset: Any, value: list[str]) -> Any:
        if not value:
            return queryset
        return queryset.filter(**{f"{self.field_name}__in": value})


class InstantField(IsoDateTimeField):  # type: ignore[misc]
    """A time that a database can hold: the ends of the calendar do not move to UTC."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError(
                self.error_messages["invalid"], code="invalid"
            ) from error


class InstantFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = InstantField


def _agents_of(request: HttpRequest) -> QuerySet[Agent]:
    """Deleted ones too: their tasks are a record. A stranger's reads as missing."""
    assert request.user.is_authenticated
    return Agent.objects.visible_to(request.user)


def _tasks_of(request: HttpRequest) -> QuerySet[AgentTask]:
    assert request.user.is_authenticated
    return AgentTask.objects.visible_to(request.user)


class TaskFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = StatusFilter(
        choices=AgentTask.Status.choices,
        widget=RepeatedOrListed,
        help_text="One or more, repeated or joined by commas.",
    )
    agent = django_filters.ModelChoiceFilter(queryset=_agents_of)
    parent = django_filters.ModelChoiceFilter(
        queryset=_tasks_of, help_text="Those that this task has called."
    )
    created_at__gte = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_at__lte = InstantFilter(field_name="created_at", lookup_expr="lte")

    class Meta:
        model = AgentTask
        fields: list[str] = []


class ApprovalFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = StatusFilter(
        choices=ToolCall.Status.choices,
        widget=RepeatedOrListed,
        help_text="One or more; those that wait where it is left out.",
    )
    waits_for = StatusFilter(
        field_name="waits_for",
        choices=ToolCall.WaitsFor.choices,
        widget=RepeatedOrListed,
        help_text="One or more, repeated or joined by commas.",
    )
    task = django_filters.ModelChoiceFilter(queryset=_tasks_of)

    class Meta:
        model = ToolCall
        fields: list[str] = []
