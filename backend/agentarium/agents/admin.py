"""Agents in the admin: operators can view and add them, only their owners change them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from agentarium.agents.models import Agent, AgentVersion

# An agent may have thousands of versions.
SHOWN_VERSIONS = 50


class NewestVersions(BaseInlineFormSet):  # type: ignore[type-arg]
    def get_queryset(self) -> Any:
        if not hasattr(self, "_newest"):
            self._newest = super().get_queryset().order_by("-number")[:SHOWN_VERSIONS]
        return self._newest


class VersionInline(admin.TabularInline):  # type: ignore[type-arg]
    model = AgentVersion
    formset = NewestVersions
    verbose_name_plural = f"newest versions (at most {SHOWN_VERSIONS})"
    extra = 0
    fields = [
        "number",
        "model",
        "temperature",
        "max_output_tokens",
        "top_p",
        "reasoning_effort",
        "seed",
        "stop",
        "parallel_tool_calls",
        "extra_body",
        "timeout",
        "created_at",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentVersion]:
        return super().get_queryset(request).defer("instructions")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = [
        "id",
        "name",
        "owner",
        "model",
        "version",
        "tasks_count",
        "created_at",
        "deleted_at",
    ]
    list_display_links = ["id", "name"]
    list_filter = [("deleted_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "model", "owner__username"]
    show_full_result_count = False
    inlines = [VersionInline]
    raw_id_fields = ["owner"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [
                "owner",
                "name",
                "description",
                "instructions",
                "model",
                "temperature",
                "max_output_tokens",
            ]
        return super().get_fields(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
