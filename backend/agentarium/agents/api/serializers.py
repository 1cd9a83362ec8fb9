import re
from typing import Any

from rest_framework import serializers

from agentarium.agents.models import DEFINITION_FIELDS, Agent, AgentVersion
from agentarium.http.fields import TextField
from agentarium.runtime.providers import PROVIDERS

MAX_FALLBACKS = 5
MODEL_NAME = re.compile(r"[\w.:/@+~-]+", re.ASCII)


class ModelNameField(TextField):
    """`provider:model` with a provider that we know; a bare name is OpenAI's.

    Which models a provider serves is its own affair: people run servers of their own.
    """

    default_error_messages = {
        "invalid_model_name": (
            "Write it as provider:model, in letters, digits and . : / @ + ~ _ -"
        ),
        "unknown_provider": "There is no provider {provider}. There are: {providers}.",
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
        help_text="`provider:model`; a bare name is OpenAI's. The server's default "
        "where a new agent names none.",
    )

    fallback_models = serializers.ListField(
        child=ModelNameField(max_length=200),
        max_length=MAX_FALLBACKS,
        required=False,
        help_text="Models to ask, in order, when the one before does not answer.",
    )
    tools = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="What it may call: entries as `/api/tools/` gives them, each with "
        "settings of its own.",
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

    class Meta:
        model = AgentVersion
        fields = ["number", "created_at", *DEFINITION_FIELDS]
        read_only_fields = fields


class RollbackSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(
        min_value=1, help_text="The number of the version to go back to."
    )
