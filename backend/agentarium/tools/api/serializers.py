from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField
from rest_framework import serializers

from agentarium.http.fields import ArgumentsField, TextField
from agentarium.outbound.policy import OutboundError
from agentarium.outbound.settings import outbound_policy
from agentarium.runtime.tools.http_template import TemplateError, UrlTemplate
from agentarium.runtime.tools.schema_validator import SchemaError
from agentarium.tools.api.secrets import (
    HeadersField,
    UrlSecretsField,
    check_address_secrets,
)
from agentarium.tools.models import (
    MAX_URL_CHARS,
    Effect,
    HttpTool,
    ProtectionChange,
    ToolKind,
)
from agentarium.tools.usable_tools import check_parameters

# The API's ids of tools contain the name that an MCP server gives its tool.
MAX_ID_CHARS = 500
MAX_SELECTED = 100
WARNINGS = "What to know about the secrets that this request has set."


def _check_address(url: str) -> None:
    try:
        outbound_policy().check(url)
    except OutboundError as error:
        raise serializers.ValidationError(error.detail, error.code) from error


class UrlTemplateField(TextField):
    def to_internal_value(self, data: Any) -> str:
        template = super().to_internal_value(data)
        try:
            UrlTemplate(template)
        except TemplateError as error:
            raise serializers.ValidationError(str(error), "invalid_url") from error
        _check_address(template.replace("{", "").replace("}", ""))
        return template


class AddressField(TextField):
    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        _check_address(url)
        return url


class ParametersField(serializers.JSONField):
    def to_internal_value(self, data: Any) -> Any:
        schema = super().to_internal_value(data)
        if not isinstance(schema, Mapping):
            raise serializers.ValidationError(
                "The JSON schema must be an object.", "invalid"
            )
        try:
            owner_id = self.context["request"].user.pk
            check_parameters(schema, owner_id=owner_id)
        except SchemaError as error:
            raise serializers.ValidationError(str(error), "invalid_schema") from error
        return schema


class HttpToolSerializer(serializers.ModelSerializer[HttpTool]):
    parameters = ParametersField(
        required=False, help_text="JSON schema of the arguments, an object."
    )
    url_template = UrlTemplateField(max_length=MAX_URL_CHARS)
    headers = HeadersField()
    header_names = serializers.ListField(child=serializers.CharField(), read_only=True)
    url_secrets = UrlSecretsField()
    url_secret_names = serializers.ListField(
        child=serializers.CharField(), read_only=True
    )
    warnings = serializers.SerializerMethodField(help_text=WARNINGS)
    needs_approval_effective = serializers.BooleanField(
        source="asks_by_default",
        read_only=True,
        help_text="Whether an agent that says nothing about it asks before each call.",
    )

    class Meta:
        model = HttpTool
        fields = [
            "id",
            "name",
            "description",
            "parameters",
            "method",
            "url_template",
            "headers",
            "header_names",
            "url_secrets",
            "url_secret_names",
            "warnings",
            "effect",
            "needs_approval",
            "needs_approval_effective",
            "timeout",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["created_at", "updated_at"]

    def get_warnings(self, tool: HttpTool) -> list[str]:
        return list(tool.warnings)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the schema requires each placeholder that no secret fills."""
        template = attrs.get("url_template", getattr(self.instance, "url_template", ""))
        schema = attrs.get("parameters")
        if schema is None:
            schema = getattr(self.instance, "parameters", None) or {"type": "object"}
        attrs.setdefault("parameters", schema)
        secrets = check_address_secrets("url_template", attrs, self.instance)
        placeholders = UrlTemplate(template).names - secrets
        missing = sorted(placeholders - set(schema.get("required", [])))
        if missing:
            raise serializers.ValidationError(
                {
                    "url_template": serializers.ErrorDetail(
                        f"Make `{missing[0]}` a required parameter: the address uses it.",
                        "missing_parameter",
                    )
                }
            )
        return attrs


class ProtectionSerializer(serializers.Serializer[Any]):
    """How the calls of a tool are protected."""

    asks = serializers.BooleanField(
        help_text="Whether a person is asked before each call."
    )
    effect = serializers.ChoiceField(choices=Effect.choices)
    method = serializers.CharField(help_text="Of an HTTP tool; empty for others.")
    address = serializers.CharField(
        help_text="Of an HTTP tool or an MCP server. The first 200 characters, and a "
        "digest of all if there are more."
    )
    parameters = serializers.CharField(help_text="A digest of the arguments' schema.")
    hosts = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The only hosts that it reaches. Null for all.",
    )


class ProtectionChangeSerializer(serializers.ModelSerializer[ProtectionChange]):
    """A change after which calls are less protected than before."""

    by_name = serializers.CharField(
        source="by.username",
        default="",
        read_only=True,
        help_text="Empty for a command on the server, and after the account is deleted.",
    )
    via = serializers.ChoiceField(
        choices=["session", "jwt", "api_token", "server"], read_only=True
    )
    before = ProtectionSerializer(allow_null=True, read_only=True)
    after = ProtectionSerializer(
        allow_null=True, read_only=True, help_text="Null for a tool that was removed."
    )

    class Meta:
        model = ProtectionChange
        fields = [
            "tool",
            "change",
            "before",
            "after",
            "by",
            "by_name",
            "via",
            "token",
            "created_at",
        ]
        read_only_fields = fields


class TrialRequestSerializer(serializers.Serializer[Any]):
    arguments = ArgumentsField(default=dict)


class TrialSerializer(serializers.Serializer[Any]):
    result = serializers.CharField(help_text="The result as a model would see it.")
    is_error = serializers.BooleanField()
    seconds = serializers.FloatField()


class CatalogueEntrySerializer(serializers.Serializer[Any]):
    id = serializers.CharField(
        help_text="`builtin:{name}`, `http:{id}` or `mcp:{server}:{name}`."
    )
    kind = serializers.ChoiceField(choices=ToolKind.choices)
    reference = serializers.JSONField(
        help_text="The entry for an agent's list of tools."
    )
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="`built in`, `http`, or the name of the MCP server."
    )
    server = serializers.IntegerField(
        allow_null=True, help_text="Id of the MCP server that has the tool."
    )
    name = serializers.CharField(
        help_text="The name of the tool. A prefix in the agent's list is added to it."
    )
    description = serializers.CharField()
    effect = serializers.ChoiceField(choices=Effect.choices)
    suggested_effect = serializers.ChoiceField(
        choices=Effect.choices,
        allow_null=True,
        help_text="What an MCP server claims. Null for other tools.",
    )
    needs_approval = serializers.BooleanField(
        help_text="Whether an agent that says nothing about it asks before each call."
    )


class CatalogueToolSerializer(CatalogueEntrySerializer):
    parameters = serializers.JSONField(help_text="JSON schema of the arguments.")


class ToolSelectionSerializer(serializers.Serializer[Any]):
    """The parameters of the catalogue."""

    search = serializers.CharField(
        required=False,
        help_text="Words that must all occur in the name, the description or the name "
        "of the MCP server.",
    )
    kind = serializers.ChoiceField(choices=ToolKind.choices, required=False)
    server = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=BigIntegerField.MAX_BIGINT,
        help_text="Only the tools of this MCP server.",
    )
    id = serializers.ListField(
        child=serializers.CharField(max_length=MAX_ID_CHARS),
        required=False,
        max_length=MAX_SELECTED,
        help_text="Only these tools. Repeat it for several; ids that do not exist are "
        "left out.",
    )
