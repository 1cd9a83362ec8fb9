"""HTTP tools and MCP servers in the admin. It does not show their secrets."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from agentarium.accounts.actors import Actor
from agentarium.tools.models import HttpTool, McpServer
from agentarium.tools.services import delete_definition


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Only owners create and change these; the operator can delete them."""

    list_select_related = ["owner"]
    exclude = ["headers", "url_secrets"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_definition(obj, by=Actor(request.user.pk, "session"))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


@admin.register(HttpTool)
class HttpToolAdmin(ReadOnlyAdmin):
    list_display = ["name", "owner", "method", "url_template", "effect", "updated_at"]
    list_filter = ["effect", "method"]
    search_fields = ["name", "owner__username", "url_template"]


@admin.register(McpServer)
class McpServerAdmin(ReadOnlyAdmin):
    list_display = ["name", "owner", "url", "fetched_at", "updated_at"]
    search_fields = ["name", "owner__username", "url"]
