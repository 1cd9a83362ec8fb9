import re
from typing import Any

import orjson
from django.conf import settings
from rest_framework import serializers

from agentarium.agents.models import (
    DEFINITION_FIELDS,
    Agent,
    AgentVersion,
    ReasoningEffort,
)
from agentarium.http.fields import BoundedListField, TextField
from agentarium.runtime.providers import PROVIDERS
from agentarium.tools.api.serializers import ProtectionChangeSerializer
from agentarium.tools.entries import MAX_ENTRIES
from agentarium.tools.models import Effect

MAX_FALLBACKS = 5
# The range of the column.
MAX_VERSION = 2**31 - 1
MAX_STOPS = 4
MAX_STOP_CHARS = 100
MAX_EXTRA_BODY_BYTES = 10_000
# What Agentarium sets itself, and what would make a gateway call another server.
RESERVED_PARAMETERS = frozenset(
    {"model", "messages", "prompt", "stream", "stream_options", "n"}
    | {"tools", "tool_choice", "functions", "function_call"}
    | {"temperature", "max_tokens", "max_completion_tokens", "top_p"}
    | {"reasoning_effort", "seed", "stop", "parallel_tool_calls"}
    | {"api_key", "api_base", "base_url", "user_config", "model_list", "fallbacks"}
)
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


class ExtraBodyField(serializers.DictField):
    """Parameters of a model call that have no setting of their own."""

    default_error_messages = {
        "too_long": "The parameters are longer than {limit} bytes.",
        "reserved": "{name} cannot be set here.",
        "forbidden": "The operator of this server does not allow more parameters.",
    }

    def to_internal_value(self, data: Any) -> Any:
        parameters = super().to_internal_value(data)
        if parameters and not settings.EXTRA_BODY:
            self.fail("forbidden")
        if len(orjson.dumps(parameters)) > MAX_EXTRA_BODY_BYTES:
            self.fail("too_long", limit=f"{MAX_EXTRA_BODY_BYTES:,}")
        if reserved := sorted(parameters.keys() & RESERVED_PARAMETERS):
            self.fail("reserved", name=reserved[0])
        return parameters


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
    stop = BoundedListField(
        # Line ends alone are usual, too.
        child=serializers.CharField(max_length=MAX_STOP_CHARS, trim_whitespace=False),
        max_length=MAX_STOPS,
        required=False,
        help_text="Texts at which the model stops.",
    )
    extra_body = ExtraBodyField(
        required=False,
        help_text="More parameters of the provider's API, as a JSON object. Sent to "
        "OpenAI-compatible servers and Anthropic, unless the operator forbids it.",
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
    reasoning_effort = serializers.ChoiceField(
        choices=ReasoningEffort.choices, allow_blank=True, read_only=True
    )
    stop = serializers.ListField(child=serializers.CharField(), read_only=True)
    extra_body = serializers.DictField(read_only=True)
    fallback_models = serializers.ListField(
        child=serializers.CharField(), read_only=True
    )
    tools = serializers.ListField(child=serializers.DictField(), read_only=True)
    protection_changes = ProtectionChangeSerializer(
        many=True,
        read_only=True,
        help_text="Who switched off, with this version, that tools ask before a call.",
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
