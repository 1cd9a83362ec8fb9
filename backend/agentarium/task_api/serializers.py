from typing import Any

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from agentarium.http.fields import DollarsField, IdField, TextField
from agentarium.inbox.task_rows import shown_input
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.models import ROW_COLUMNS, TASK_COLUMNS, AgentTask, Step
from agentarium.tasks.models.task import SHOWN_INPUT_CHARS


class TaskRowSerializer(serializers.ModelSerializer[AgentTask]):
    agent_name = serializers.CharField(source="agent.name", read_only=True)
    agent_version = serializers.IntegerField(
        source="agent_version.number",
        read_only=True,
        help_text="Number of the agent version that the task runs.",
    )
    input_text = serializers.SerializerMethodField(
        help_text=f"The first {SHOWN_INPUT_CHARS} characters of the input."
    )
    input_is_truncated = serializers.SerializerMethodField(
        help_text="Whether the input is longer. The task itself has the whole input."
    )

    cost = DollarsField(
        source="cost_nanodollars",
        read_only=True,
        help_text="Cost of the task's own steps in US dollars, without those of tasks "
        "that it called as tools.",
    )
    error_code = serializers.ChoiceField(
        choices=ErrorCode.choices,
        allow_blank=True,
        read_only=True,
        help_text="Why the task failed or was cancelled; otherwise blank.",
    )

    class Meta:
        model = AgentTask
        fields = [*ROW_COLUMNS]
        read_only_fields = fields

    def get_input_text(self, task: AgentTask) -> str:
        return str(shown_input(task.input_text)["input_text"])

    def get_input_is_truncated(self, task: AgentTask) -> bool:
        return bool(shown_input(task.input_text)["input_is_truncated"])


class WaitSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(
        choices=[
            "not_due",
            "no_worker",
            "user_limit",
            "agent_limit",
            "queued",
            "person",
            "task",
        ]
    )
    detail = serializers.CharField()
    position = serializers.IntegerField(
        allow_null=True,
        help_text="Number of tasks ahead in the queue, counted up to 1,000.",
    )


class TaskSerializer(TaskRowSerializer):
    input_text = serializers.CharField(read_only=True)  # type: ignore[assignment]
    input_is_truncated = None  # type: ignore[assignment]
    model = serializers.CharField(source="agent_version.model", read_only=True)

    class Meta(TaskRowSerializer.Meta):
        fields = [*TASK_COLUMNS]
        read_only_fields = fields


class TaskDetailSerializer(TaskSerializer):
    wait = WaitSerializer(
        read_only=True,
        allow_null=True,
        help_text="Why the task is not running; null if it is running or has ended.",
    )

    class Meta(TaskSerializer.Meta):
        fields = [*TaskSerializer.Meta.fields, "wait"]
        read_only_fields = fields


class TaskRunSerializer(serializers.Serializer[Any]):
    # Not a related field: a missing agent is a 404, as in a URL.
    agent = IdField(help_text="The agent's id.")
    input_text = TextField(
        help_text="The server limits the number of characters, by default to 100,000."
    )

    priority = serializers.IntegerField(
        default=0,
        min_value=-100,
        max_value=100,
        help_text="Tasks with a higher priority start first.",
    )
    run_after = serializers.DateTimeField(
        default=None,
        allow_null=True,
        help_text="The task does not start before this time.",
    )
    follows = IdField(
        default=None,
        allow_null=True,
        help_text="Id of a task of yours whose conversation this task continues.",
    )

    def validate_input_text(self, text: str) -> str:
        if len(text) > settings.MAX_INPUT_CHARS:
            raise serializers.ValidationError(
                f"At most {settings.MAX_INPUT_CHARS:,} characters.", "max_length"
            )
        return text


# --- Steps: the stored messages, as the runtime writes them ------------------------


class ProviderMetadataField(serializers.CharField):
    def __init__(self) -> None:
        super().__init__(
            required=False,
            help_text="What only the provider understands, and gets back unchanged.",
        )


class TextPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["text"])
    text = serializers.CharField()
    provider_metadata = ProviderMetadataField()


class ReasoningPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["reasoning"])
    text = serializers.CharField()
    provider_metadata = ProviderMetadataField()


class ToolCallPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["tool_call"])
    tool_call_id = serializers.CharField()
    name = serializers.CharField()
    arguments = serializers.CharField(help_text="JSON, as the model wrote it.")
    provider_metadata = ProviderMetadataField()


class ToolResultPartSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["tool_result"])
    tool_call_id = serializers.CharField()
    name = serializers.CharField()
    content = serializers.CharField()
    is_error = serializers.BooleanField()


class MessageSerializer(serializers.Serializer[Any]):
    """The message of a step."""

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
    """The stored JSON of the runtime's `Message`, unchanged."""


class StepSerializer(serializers.ModelSerializer[Step]):
    cost = DollarsField(
        source="cost_nanodollars",
        read_only=True,
        allow_null=True,
        help_text="In US dollars; null if the model's price or token counts are unknown.",
    )
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
            "cost",
            "started_at",
            "finished_at",
            "message",
        ]
        read_only_fields = fields
