"""The admin pages of accounts and API tokens."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from agentarium.accounts.login_attempts import count_attempt
from agentarium.accounts.models import ApiToken, QuotaLimits, User
from agentarium.accounts.services import revoke_api_token


class CountedLoginForm(AdminAuthenticationForm):
    """Counts attempts through the admin's form like those through the API."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username") or ""
        assert self.request is not None
        allowance = count_attempt(self.request, username)
        if allowance.is_exceeded:
            raise forms.ValidationError(
                f"Too many attempts. Try again in {allowance.resets_in} seconds.",
                "throttled",
            )
        return super().clean()


QUOTA_FIELDS = [
    field.name for field in QuotaLimits._meta.concrete_fields if not field.primary_key
]

admin.site.login_form = CountedLoginForm
admin.site.site_header = admin.site.site_title = "Agentarium"
admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ["username", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "email"]
    ordering = ["username"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "email", "password"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]


@admin.register(QuotaLimits)
class QuotaLimitsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An empty field means the server's limit, and 0 no limit."""

    list_display = ["user", *QUOTA_FIELDS]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    autocomplete_fields = ["user"]
    fields = ["user", *QUOTA_FIELDS]

    def get_readonly_fields(
        self, request: HttpRequest, obj: QuotaLimits | None = None
    ) -> list[str]:
        return ["user"] if obj else []


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The admin can show and revoke tokens. Only their owners create them."""

    list_display = [
        "prefix",
        "name",
        "owner",
        "scopes",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_filter = ["created_at", "revoked_at"]
    list_select_related = ["owner"]
    search_fields = ["prefix", "name", "owner__username"]
    actions = ["revoke"]
    fields = (
        "prefix",
        "name",
        "owner",
        "scopes",
        "rate",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    readonly_fields = fields

    @admin.action(description="Revoke the selected tokens")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_api_token(token)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
