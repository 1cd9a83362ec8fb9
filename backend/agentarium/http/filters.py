"""Filters, search and ordering of lists. They refuse unknown parameters and values."""

from collections.abc import Sequence, Set
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from agentarium.http import pagination

MAX_SEARCH_LENGTH = 200


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """Refuses an unknown parameter or value with an error that names it."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        if getattr(view, "detail", False):
            return queryset
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        refuse_unknown_parameters(request, known | _common_parameters(view))
        if not known & request.query_params.keys():
            # Otherwise a form of all filters would be built, for none of them.
            return queryset
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered

    def get_filterset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> Any:
        filterset_class = self.get_filterset_class(view, queryset)
        if filterset_class is None:
            return None
        used = frozenset(
            filterset_class.base_filters.keys() & request.query_params.keys()
        )
        return _subset(filterset_class, used)(
            **self.get_filterset_kwargs(request, queryset, view)
        )


@cache
def _subset(base: type[FilterSet], names: frozenset[str]) -> type[FilterSet]:
    """The filterset with only these filters.

    django-filter builds a form of all filters: three times as much work as for one.
    """
    subset: type[FilterSet] = type(base.__name__, (base,), {})
    subset.base_filters = {
        name: each for name, each in base.base_filters.items() if name in names
    }
    return subset


class WordSearch(SearchFilter):
    """Finds rows that contain every word of `search` in one of the `search_fields`."""

    search_description = "Words that must all occur."

    def get_search_terms(self, request: Request) -> list[str]:
        """The words. Raises an error of the parameter if they are not valid."""
        text = request.query_params.get(self.search_param, "")
        if len(text) > MAX_SEARCH_LENGTH:
            detail = (
                f"The text is too long. Use at most {MAX_SEARCH_LENGTH} characters."
            )
            raise ValidationError({"search": [ErrorDetail(detail, "max_length")]})
        try:
            return list(super().get_search_terms(request))
        except ValidationError as error:
            raise ValidationError({"search": error.detail}) from error

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        if getattr(view, "detail", False):
            return queryset
        return super().filter_queryset(request, queryset, view)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        if not getattr(view, "search_fields", None):
            return []
        return super().get_schema_operation_parameters(view)


class StrictOrdering(OrderingFilter):
    """Orders by the view's `ordering_fields`, and ties by the view's own order."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        if getattr(view, "detail", False):
            return queryset
        return super().filter_queryset(request, queryset, view)

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> Sequence[str] | None:
        default = tuple(self.get_default_ordering(view) or ())
        text = request.query_params.get(self.ordering_param, "")
        if not text:
            return default
        terms = [term.strip() for term in text.split(",")]
        names = [term.removeprefix("-") for term in terms]
        unknown = set(names) - set(_ordering_fields(view))
        if unknown or len(set(names)) < len(names):
            raise ValidationError({self.ordering_param: [_bad_ordering(view)]})
        return [*terms, *(t for t in default if t.removeprefix("-") not in names)]

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        fields = _ordering_fields(view)
        if not fields:
            return []
        (parameter,) = super().get_schema_operation_parameters(view)
        names = ", ".join(f"`{name}`" for name in fields)
        text = (
            f"One or more of {names}, separated by commas. "
            "Put `-` before a name for descending order."
        )
        return [parameter | {"description": text}]


def refuse_unknown_parameters(request: Request, known: Set[str]) -> None:
    """Raise an error that names the parameters that a list does not have."""
    if unknown := request.query_params.keys() - known:
        raise ValidationError({name: [_unknown(name)] for name in sorted(unknown)})


def _common_parameters(view: APIView) -> set[str]:
    """The parameters that mean the same on every list."""
    known = {"format"}
    if getattr(view, "pagination_class", None):
        known |= pagination.PARAMETERS
    if getattr(view, "search_fields", None):
        known.add("search")
    if _ordering_fields(view):
        known.add("ordering")
    return known


def _ordering_fields(view: APIView) -> Sequence[str]:
    return getattr(view, "ordering_fields", None) or ()


def _unknown(name: str) -> ErrorDetail:
    return ErrorDetail(f"Unknown parameter {name!r}. Remove it.", "unknown_parameter")


def _bad_ordering(view: APIView) -> ErrorDetail:
    names = ", ".join(_ordering_fields(view))
    return ErrorDetail(
        f"Not a valid order. Use one or more of: {names}.", "invalid_choice"
    )
