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


class RepeatedOrListed(forms.SelectMultiple):
    """`?status=failed&status=cancelled` and `?status=failed,cancelled` alike."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return _listed(data, name) if isinstance(data, MultiValueDict) else []


def _listed(data: MultiValueDict[str, str], name: str) -> list[str]:
    return [value for text in data.getlist(name) for value in text.split(",") if value]


def asked_statuses(parameters: MultiValueDict[str, str]) -> list[str]:
    """The statuses that a list is filtered by, each once; none where it is not."""
    return sorted(set(_listed(parameters, "status")))


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


class TaskSearch(WordSearch):
    """Tasks that hold every word of `search` in the input or the agent's name."""

    search_description = (
        "Words that all have to occur, in the first 20,000 characters of the input or "
        "in the agent's name, whatever their case. `wea*` finds all words that begin "
        "so. What is found comes newest first."
    )

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        terms = self.get_search_terms(request)
        # The pages of a list look for the words themselves, a part of it at a time.
        if not terms or getattr(view, "action", "") == "list":
            return queryset
        assert request.user.is_authenticated
        return queryset.filter(Search(request.user, " ".join(terms)).condition())


class TaskOrdering(StrictOrdering):
    """Tasks of agents that are called the same stay together; findings have one order."""

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
        detail = "Beside a search, order by created_at."
        raise ValidationError({"ordering": [ErrorDetail(detail, "invalid_choice")]})
    return terms[0].replace("created_at", "id")
