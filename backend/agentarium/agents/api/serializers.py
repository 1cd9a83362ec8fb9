import re
from typing import Any

from rest_framework import serializers

from agentarium.agents.models import DEFINITION_FIELDS, Agent, AgentVersion
from agentarium.http.fields import BoundedListField, TextField
from agentarium.runtime.providers import PROVIDERS
from agentarium.tools.api.serializers import ProtectionChangeSerializer
from agentarium.tools.entries import MAX_ENTRIES
from agentarium.tools.models import Effect

MAX_FALLBACKS = 5
# The range of the column.
MAX_VERSION = 2**31 - 1
MODEL_NAME = re.compile(r"[\w.:/@+~-]+", re.ASCII)


class ModelNameField(TextField):
    """`provider:model` with a known provider; a bare name is OpenAI's.

    The model's name is not checked: users run servers with models of their own.
    """

    default_error_messages = {
        "invalid_model_name": (
            "This is not a model name. Write provider:model, with letters, digits and "
            ". : / @ + ~ _ - only."
        ),
        "unknown_provider": "Unknown provider {provider}. Use one of: {providers}.",
    }

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        provider, colon, model = name.partition(":")
        if not MODEL_NAME.fullmatch(name) or (colon and not (provider and model)):
            self.fail("invalid_model_name")
        if colon and provider not in PROVIDERS:
            providers = ", ".join(sorted(PROVIDERS))
            self.fail("unknown_provider", provider=provider, providers=providers)
        return name


class AgentSerializer(serializers.ModelSerializer[Agent]):
    model = ModelNameField(
        max_length=200,
        required=False,
        help_text="`provider:model`; a bare name is OpenAI's. A new agent without it "
        "gets the server's default model.",
    )

    fallback_models = BoundedListField(
        child=ModelNameField(max_length=200),
        max_length=MAX_FALLBACKS,
        required=False,
        help_text="Models to call, in order, if the previous one is unavailable.",
    )
    tools = BoundedListField(
        child=serializers.DictField(),
        max_length=MAX_ENTRIES,
        required=False,
        help_text="Tools that the agent may call: entries from `/api/tools/`, each with "
        "its settings.",
    )

    class Meta:
        model = Agent
        fields = [
            "id",
            "name",
            "description",
            *DEFINITION_FIELDS,
            "version",
            "tasks_count",
            "created_at",
            "updated_at",
            "deleted_at",
        ]
        read_only_fields = [
            "version",
            "tasks_count",
            "created_at",
            "updated_at",
            "deleted_at",
        ]
        extra_kwargs = {"instructions": {"trim_whitespace": False}}


class AgentVersionSerializer(serializers.ModelSerializer[AgentVersion]):
    fallback_models = serializers.ListField(
        child=serializers.CharField(), read_only=True
    )
    tools = serializers.ListField(child=serializers.DictField(), read_only=True)
    protection_changes = ProtectionChangeSerializer(
        many=True,
        read_only=True,
        help_text="Who let tools run with less protection, with this version.",
    )

    class Meta:
        model = AgentVersion
        fields = ["number", "created_at", *DEFINITION_FIELDS, "protection_changes"]
        read_only_fields = fields


class ListedToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The tool's name for the model.")
    type = serializers.ChoiceField(choices=["builtin", "http", "mcp", "agent"])
    effect = serializers.ChoiceField(choices=Effect.choices)
    needs_approval = serializers.BooleanField(
        help_text="Whether a person is asked before each call."
    )


class RollbackSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(
        min_value=1,
        max_value=MAX_VERSION,
        help_text="Number of the version to restore.",
    )
