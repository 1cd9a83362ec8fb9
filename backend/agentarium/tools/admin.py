"""Declared tools and servers, for the operator. Secrets are not shown here either."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from agentarium.tools.models import HttpTool, McpServer


class LookedAtOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Only their owners make and change them; the operator can delete them."""

    list_select_related = ["owner"]
    exclude = ["headers"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(HttpTool)
class HttpToolAdmin(LookedAtOnly):
    list_display = ["name", "owner", "method", "url_template", "effect", "updated_at"]
    list_filter = ["effect", "method"]
    search_fields = ["name", "owner__username", "url_template"]


@admin.register(McpServer)
class McpServerAdmin(LookedAtOnly):
    list_display = ["name", "owner", "url", "fetched_at", "updated_at"]
    search_fields = ["name", "owner__username", "url"]
