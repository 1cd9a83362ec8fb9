"""Tasks and their steps, read-only: the record is not edited.

A task that is added belongs to the owner of its agent, and runs like any other.
"""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from agentarium.tasks.models import AgentTask, Step

COUNTED_ROWS = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts at most `COUNTED_ROWS`: counting ten million rows takes seconds."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        number: int = rows.order_by()[:COUNTED_ROWS].count()
        return number


class RecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only lists of very many rows."""

    paginator = CappedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AgentTask)
class AgentTaskAdmin(RecordAdmin):
    list_display = [
        "id",
        "owner",
        "agent",
        "status",
        "attempt",
        "created_at",
        "finished_at",
        "input_tokens",
        "output_tokens",
        "shown_cost",
        "error_code",
    ]
    list_filter = ["status", "created_at"]
    list_select_related = ["owner", "agent"]
    search_fields = ["=id", "=request_id", "=owner__username", "=error_code"]
    raw_id_fields = ["agent"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["agent", "input_text", "priority", "run_after"]
        return super().get_fields(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentTask]:
        tasks: QuerySet[AgentTask] = super().get_queryset(request)
        return tasks.defer("input_text", "output_text", "agent__instructions")


@admin.register(Step)
class StepAdmin(RecordAdmin):
    list_display = [
        "id",
        "task",
        "position",
        "kind",
        "attempt",
        "model",
        "finish_reason",
        "input_tokens",
        "output_tokens",
        "shown_cost",
        "finished_at",
    ]
    list_filter = ["kind"]
    ordering = ["-id"]
    search_fields = ["=task__id", "=model"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        # Of the task, only the column that its name needs.
        steps: QuerySet[Step] = super().get_queryset(request)
        cost = {"cost_nanodollars", "usage_is_estimated"}
        columns: Any = {*self.list_display, *cost} - {"shown_cost"}
        return steps.select_related("task").only(*columns, "task__id")
