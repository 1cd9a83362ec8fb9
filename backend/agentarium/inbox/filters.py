from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django_filters.fields import IsoDateTimeField
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from agentarium.agents.models import Agent
from agentarium.http.filters import StrictOrdering, WordSearch
from agentarium.inbox.search import Search
from agentarium.tasks.models import AgentTask, ToolCall


class MultipleValuesWidget(forms.SelectMultiple):
    """Reads `?status=failed&status=cancelled` and `?status=failed,cancelled`."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return _split_values(data, name) if isinstance(data, MultiValueDict) else []


def _split_values(data: MultiValueDict[str, str], name: str) -> list[str]:
    return [value for text in data.getlist(name) for value in text.split(",") if value]


def requested_statuses(parameters: MultiValueDict[str, str]) -> list[str]:
    """The distinct statuses of the query's filter; empty without one."""
    return sorted(set(_split_values(parameters, "status")))


class StatusFilter(django_filters.MultipleChoiceFilter):  # type: ignore[misc]
    def filter(self, queryset: Any, value: list[str]) -> Any:
        if not value:
            return queryset
        return queryset.filter(**{f"{self.field_name}__in": value})


class InstantField(IsoDateTimeField):  # type: ignore[misc]
    """A time that the database can store: its UTC year must be within 1 to 9999."""

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
    """The user's agents, including deleted ones: their tasks remain."""
    assert request.user.is_authenticated
    return Agent.objects.visible_to(request.user)


def _tasks_of(request: HttpRequest) -> QuerySet[AgentTask]:
    assert request.user.is_authenticated
    return AgentTask.objects.visible_to(request.user)


class TaskFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = StatusFilter(
        choices=AgentTask.Status.choices,
        widget=MultipleValuesWidget,
        help_text="One or more values: repeated, or separated by commas.",
    )
    agent = django_filters.ModelChoiceFilter(queryset=_agents_of)
    finish_reason = django_filters.ChoiceFilter(
        choices=AgentTask.FinishReason.choices,
        help_text="Tasks whose answer the model ended for this reason; `length` finds "
        "those that were cut off.",
    )
    parent = django_filters.ModelChoiceFilter(
        queryset=_tasks_of, help_text="Tasks that this task called as tools."
    )
    created_at__gte = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_at__lte = InstantFilter(field_name="created_at", lookup_expr="lte")

    class Meta:
        model = AgentTask
        fields: list[str] = []


class ApprovalFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = StatusFilter(
        choices=ToolCall.Status.choices,
        widget=MultipleValuesWidget,
        help_text="One or more values; `waiting` by default.",
    )
    waits_for = StatusFilter(
        field_name="waits_for",
        choices=ToolCall.WaitsFor.choices,
        widget=MultipleValuesWidget,
        help_text="One or more values: repeated, or separated by commas.",
    )
    task = django_filters.ModelChoiceFilter(queryset=_tasks_of)

    class Meta:
        model = ToolCall
        fields: list[str] = []


class TaskSearch(WordSearch):
    """Tasks with every word of `search` in the input or in the agent's name."""

    search_description = (
        "Words, all of which must occur in the first 20,000 characters of the input or "
        "in the agent's name. Case is ignored. `wea*` finds all words that begin with "
        "`wea`. Results are ordered by time, newest first."
    )

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        terms = self.get_search_terms(request)
        # `TaskPagination` searches lists itself, a window of ids at a time.
        if not terms or getattr(view, "action", "") == "list":
            return queryset
        assert request.user.is_authenticated
        return queryset.filter(Search(request.user, " ".join(terms)).condition())


class TaskOrdering(StrictOrdering):
    """Groups the tasks of agents with the same name by agent; orders searches by id."""

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> Sequence[str] | None:
        terms = [*(super().get_ordering(request, queryset, view) or ())]
        if request.query_params.get("search", "").strip():
            return [_by_id(terms)]
        if terms[0].removeprefix("-") == "agent__name":
            terms.insert(1, terms[0].replace("agent__name", "agent_id"))
        return terms


def _by_id(terms: Sequence[str]) -> str:
    if terms[0].removeprefix("-") != "created_at":
        detail = "Search results can only be ordered by created_at."
        raise ValidationError({"ordering": [ErrorDetail(detail, "invalid_choice")]})
    return terms[0].replace("created_at", "id")
