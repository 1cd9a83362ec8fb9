from typing import Any

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from agentarium.core.fields import TextField
from agentarium.tasks.models import AgentTask, Step


class TaskRowSerializer(serializers.ModelSerializer[AgentTask]):
    agent_name = serializers.CharField(source="agent.name", read_only=True)
    agent_version = serializers.IntegerField(
        source="agent_version.number",
        read_only=True,
        help_text="Number of the agent's version that it runs.",
    )

    class Meta:
        model = AgentTask
        fields = [
            "id",
            "agent",
            "agent_name",
            "agent_version",
            "status",
            "input_text",
            "created_at",
            "started_at",
            "finished_at",
            "attempt",
            "steps_count",
            "input_tokens",
            "output_tokens",
            "error_code",
        ]
        read_only_fields = fields


class TaskSerializer(TaskRowSerializer):
    model = serializers.CharField(source="agent_version.model", read_only=True)

    class Meta(TaskRowSerializer.Meta):
        fields = [
            *TaskRowSerializer.Meta.fields,
            "output_text",
            "error_detail",
            "request_id",
            "model",
        ]
        read_only_fields = fields


class TaskRunSerializer(serializers.Serializer[Any]):
    # No related field: a missing agent is a 404, as in an address.
    agent = serializers.IntegerField(help_text="The agent's id.")
    input_text = TextField(
        help_text="At most as many characters as the server allows: 100,000, unless "
        "its operator has set another limit."
    )

    def validate_input_text(self, text: str) -> str:
        if len(text) > settings.MAX_INPUT_CHARS:
            raise serializers.ValidationError(
                f"At most {settings.MAX_INPUT_CHARS:,} characters.", "max_length"
            )
        return text


# --- Steps: the stored messages, as the runtime writes them ------------------------


class TextPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["text"])
    text = serializers.CharField()


class ReasoningPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["reasoning"])
    text = serializers.CharField()
    signature = serializers.CharField()


class ToolCallPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["tool_call"])
    tool_call_id = serializers.CharField()
    name = serializers.CharField()
    arguments = serializers.CharField(help_text="JSON, as the model wrote it.")


class ToolResultPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["tool_result"])
    tool_call_id = serializers.CharField()
    name = serializers.CharField()
    content = serializers.CharField()
    is_error = serializers.BooleanField()


class MessageSerializer(serializers.Serializer[Any]):
    """What was said in one step."""

    role = serializers.ChoiceField(choices=["system", "user", "assistant", "tool"])
    parts = PolymorphicProxySerializer(
        component_name="MessagePart",
        resource_type_field_name="type",
        serializers={
            "text": TextPartSerializer,
            "reasoning": ReasoningPartSerializer,
            "tool_call": ToolCallPartSerializer,
            "tool_result": ToolResultPartSerializer,
        },
        many=True,
    )


@extend_schema_field(MessageSerializer)
class MessageField(serializers.JSONField):
    """Passes on what is stored: the runtime's `Message` as JSON."""


class StepSerializer(serializers.ModelSerializer[Step]):
    message = MessageField(read_only=True)

    class Meta:
        model = Step
        fields = [
            "position",
            "kind",
            "attempt",
            "model",
            "finish_reason",
            "input_tokens",
            "output_tokens",
            "cached_input_tokens",
            "reasoning_tokens",
            "started_at",
            "finished_at",
            "message",
        ]
        read_only_fields = fields
