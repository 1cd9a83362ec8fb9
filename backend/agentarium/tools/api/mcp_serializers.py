"""Serializers of MCP servers and of the changes of their tools."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agentarium.http.representation import represent
from agentarium.runtime.tools.http_template import UrlTemplate
from agentarium.runtime.tools.mcp.listed_tools import MAX_TOOLS
from agentarium.tools.api.secrets import (
    HeadersField,
    UrlSecretsField,
    check_address_secrets,
)
from agentarium.tools.api.serializers import WARNINGS, AddressField
from agentarium.tools.models import (
    MAX_URL_CHARS,
    Effect,
    McpServer,
    McpToolDecision,
)
from agentarium.tools.tool_changes import CHANGE_KINDS

# All tools of a server removed, and as many added.
MAX_CHANGES = 2 * MAX_TOOLS
# Earlier versions accepted longer names than this one.
MAX_CHANGED_NAME_CHARS = 1_000


class McpToolRowSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    effect = serializers.ChoiceField(
        choices=Effect.choices,
        help_text="`write`, unless an agent's list of tools says otherwise.",
    )
    suggested_effect = serializers.ChoiceField(
        choices=Effect.choices,
        help_text="What the server claims. It is shown, and never decides.",
    )


class McpToolSerializer(McpToolRowSerializer):
    parameters = serializers.JSONField()


class OmittedToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As the server wrote it, or its place.")
    reason = serializers.CharField(help_text="A sentence.")


class ChangeSummarySerializer(serializers.Serializer[Any]):
    proposal = serializers.CharField(
        help_text="Identifies the changes, for `accept` and `dismiss`."
    )
    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    changed = serializers.IntegerField()
    dismissed = serializers.IntegerField(
        help_text="How many of all are dismissed. The other numbers leave these out."
    )


class McpServerSerializer(serializers.ModelSerializer[McpServer]):
    url = AddressField(max_length=MAX_URL_CHARS)
    headers = HeadersField()
    header_names = serializers.ListField(child=serializers.CharField(), read_only=True)
    url_secrets = UrlSecretsField()
    url_secret_names = serializers.ListField(
        child=serializers.CharField(), read_only=True
    )
    warnings = serializers.SerializerMethodField(help_text=WARNINGS)
    tools = McpToolSerializer(
        source="tool_rows",
        many=True,
        read_only=True,
        help_text="The accepted tools, which agents can use.",
    )
    omitted_tools = OmittedToolSerializer(
        many=True,
        read_only=True,
        help_text="Tools of the last list that cannot be used, and why. The first 50.",
    )
    changes = serializers.SerializerMethodField(
        help_text="What the server has changed since then. Null if nothing."
    )
    accepted_by: Any = serializers.SlugRelatedField(
        slug_field="username",
        read_only=True,
        allow_null=True,
        help_text="The user who accepted tools last.",
    )

    class Meta:
        model = McpServer
        fields = [
            "id",
            "name",
            "description",
            "url",
            "headers",
            "header_names",
            "url_secrets",
            "url_secret_names",
            "warnings",
            "timeout",
            "tools",
            "omitted_tools",
            "has_changes",
            "changes",
            "last_error",
            "last_error_at",
            "fetched_at",
            "accepted_at",
            "accepted_by",
            "created_at",
            "updated_at",
        ]
        read_only_fields = [
            "has_changes",
            "last_error",
            "last_error_at",
            "fetched_at",
            "accepted_at",
            "created_at",
            "updated_at",
        ]

    def get_warnings(self, server: McpServer) -> list[str]:
        return list(server.warnings)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that each placeholder of the address has a secret."""
        secrets = check_address_secrets("url", attrs, self.instance)
        if secrets and (
            missing := sorted(UrlTemplate(self._url(attrs)).names - secrets)
        ):
            raise serializers.ValidationError(
                {
                    "url": serializers.ErrorDetail(
                        f"Give the value of `{missing[0]}` in `url_secrets`.",
                        "missing_secret",
                    )
                }
            )
        return attrs

    def _url(self, attrs: dict[str, Any]) -> str:
        return str(attrs.get("url", getattr(self.instance, "url", "")))

    @extend_schema_field(ChangeSummarySerializer(allow_null=True))
    def get_changes(self, server: McpServer) -> dict[str, Any] | None:
        counts: dict[str, int] | None = server.change_counts
        return None if counts is None else {"proposal": server.proposal, **counts}


class McpServerRowSerializer(McpServerSerializer):
    tools = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="The accepted tools without their schemas, which the server itself has."
    )

    @extend_schema_field(McpToolRowSerializer(many=True))
    def get_tools(self, server: McpServer) -> list[dict[str, Any]]:
        rows = self.context["tools"].get(server.pk, ())
        return [represent(McpToolRowSerializer, row) for row in rows]


class ToolChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=CHANGE_KINDS)
    is_dismissed = serializers.BooleanField()
    before = McpToolSerializer(
        allow_null=True, help_text="The accepted tool. Null if it was added."
    )
    after = McpToolSerializer(
        allow_null=True, help_text="The tool that the server offers. Null if removed."
    )


class ToolChangesSerializer(serializers.Serializer[Any]):
    proposal = serializers.CharField(
        help_text="For `accept` and `dismiss`. Empty if nothing has changed."
    )
    fetched_at = serializers.DateTimeField(allow_null=True)
    changes = ToolChangeSerializer(many=True)


class ChangesDecisionSerializer(serializers.Serializer[Any]):
    proposal = serializers.CharField(
        max_length=64, help_text="The `proposal` of the changes that you have seen."
    )
    tools = serializers.ListField(
        child=serializers.CharField(
            trim_whitespace=False, max_length=MAX_CHANGED_NAME_CHARS
        ),
        required=False,
        allow_empty=False,
        max_length=MAX_CHANGES,
        help_text="The names of some of the changed tools. All that are not dismissed "
        "if it is left out.",
    )


class DecidedChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=CHANGE_KINDS)


class McpToolDecisionSerializer(serializers.ModelSerializer[McpToolDecision]):
    user: Any = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    via = serializers.ChoiceField(
        choices=["session", "jwt", "api_token", "server"], read_only=True
    )
    changes = DecidedChangeSerializer(many=True, read_only=True)

    class Meta:
        model = McpToolDecision
        fields = ["id", "decision", "user", "via", "token", "changes", "decided_at"]
        read_only_fields = fields
