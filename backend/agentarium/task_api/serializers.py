from typing import Any

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from agentarium.http.fields import DollarsField, TextField
from agentarium.inbox.task_rows import shown_input
from agentarium.tasks.error_codes import ErrorCode
from agentarium.tasks.models import ROW_COLUMNS, TASK_COLUMNS, AgentTask, Step
from agentarium.tasks.models.task import SHOWN_INPUT_CHARS


class TaskRowSerializer(serializers.ModelSerializer[AgentTask]):
    agent_name = serializers.CharField(source="agent.name", read_only=True)
    agent_version = serializers.IntegerField(
        source="agent_version.number",
        read_only=True,
        help_text="Number of the agent's version that it runs.",
    )
    input_text = serializers.SerializerMethodField(
        help_text=f"Its first {SHOWN_INPUT_CHARS} characters."
    )
    input_is_truncated = serializers.SerializerMethodField(
        help_text="Whether the input goes on; the task itself has all of it."
    )

    cost = DollarsField(
        source="cost_nanodollars",
        read_only=True,
        help_text="In US dollars, of its own steps. Tasks that it called as tools have "
        "their own.",
    )
    error_code = serializers.ChoiceField(
        choices=ErrorCode.choices,
        allow_blank=True,
        read_only=True,
        help_text="Why it ended without an answer; blank for any other task.",
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
        allow_null=True, help_text="How many tasks are before it, counted to 1,000."
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
        help_text="Why it does not run just now; null for one that runs or has ended.",
    )

    class Meta(TaskSerializer.Meta):
        fields = [*TaskSerializer.Meta.fields, "wait"]
        read_only_fields = fields


class TaskRunSerializer(serializers.Serializer[Any]):
    # No related field: a missing agent is a 404, as in an address.
    agent = serializers.IntegerField(help_text="The agent's id.")
    input_text = TextField(
        help_text="At most as many characters as the server allows: 100,000, unless "
        "its operator has set another limit."
    )

    priority = serializers.IntegerField(
        default=0, min_value=-100, max_value=100, help_text="Higher ones go first."
    )
    run_after = serializers.DateTimeField(
        default=None, allow_null=True, help_text="Not to be begun before."
    )
    follows = serializers.IntegerField(
        default=None,
        allow_null=True,
        help_text="A task of yours whose conversation this one goes on with.",
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
    cost = DollarsField(
        source="cost_nanodollars",
        read_only=True,
        allow_null=True,
        help_text="In US dollars; null where the model's price or its tokens are not known.",
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
