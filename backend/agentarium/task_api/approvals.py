"""Approvals: the tool calls of all tasks that wait for a person's decision."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Left
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.models import ApiToken
from agentarium.http.body_limits import takes_large_body
from agentarium.http.fields import ArgumentsField, TextField
from agentarium.inbox.filters import ApprovalFilter
from agentarium.tasks.models import ToolCall
from agentarium.tasks.services import (
    answer_call,
    approve_call,
    reject_call,
    resolve_call,
)

MAX_ANSWER_CHARS = 50_000
# Of the texts in a list: a call may have a megabyte of arguments.
PREVIEW_CHARS = 4_000


class ApprovalSerializer(serializers.ModelSerializer[ToolCall]):
    agent = serializers.IntegerField(source="task.agent_id", read_only=True)
    agent_name = serializers.CharField(source="task.agent.name", read_only=True)
    tool = serializers.CharField(source="name", read_only=True)
    arguments = serializers.CharField(
        read_only=True, help_text="JSON, as the model wrote it or a person changed it."
    )

    class Meta:
        model = ToolCall
        fields = [
            "id",
            "task",
            "agent",
            "agent_name",
            "step",
            "tool_call_id",
            "tool",
            "effect",
            "arguments",
            "status",
            "waits_for",
            "created_at",
            "expires_at",
            "decided_at",
            "answer",
            "is_error",
        ]
        read_only_fields = fields


class ApprovalRowSerializer(ApprovalSerializer):
    """A call in a list, with the beginnings of its texts."""

    arguments = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text=f"JSON; the first {PREVIEW_CHARS:,} characters. The approval has all."
    )
    arguments_is_truncated = serializers.SerializerMethodField()
    answer = serializers.SerializerMethodField(
        help_text=f"The first {PREVIEW_CHARS:,} characters. The approval has all."
    )
    answer_is_truncated = serializers.SerializerMethodField()

    class Meta(ApprovalSerializer.Meta):
        fields = [
            *ApprovalSerializer.Meta.fields,
            "arguments_is_truncated",
            "answer_is_truncated",
        ]
        read_only_fields = fields

    def get_arguments(self, call: Any) -> str:
        return str(call.arguments_beginning[:PREVIEW_CHARS])

    def get_arguments_is_truncated(self, call: Any) -> bool:
        return len(call.arguments_beginning) > PREVIEW_CHARS

    def get_answer(self, call: Any) -> str:
        return str(call.answer_beginning[:PREVIEW_CHARS])

    def get_answer_is_truncated(self, call: Any) -> bool:
        return len(call.answer_beginning) > PREVIEW_CHARS


class ApproveSerializer(serializers.Serializer[Any]):
    arguments = ArgumentsField(
        required=False, help_text="Replaces the model's arguments."
    )


class RejectSerializer(serializers.Serializer[Any]):
    reason = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_ANSWER_CHARS,
        help_text="Passed to the model.",
    )


class AnswerSerializer(serializers.Serializer[Any]):
    text = TextField(
        max_length=MAX_ANSWER_CHARS, help_text="The answer, passed to the model."
    )


class ResolveSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(
        choices=["done", "repeat", "fail"],
        help_text="`done`: the call was made, with this result. `repeat`: make the call "
        "again. `fail`: end the task as failed.",
    )
    result = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_ANSWER_CHARS
    )


@extend_schema_view(
    list=extend_schema(
        summary="List approvals",
        description="Tool calls that wait for approval, for an answer, or for a decision "
        "about their unknown outcome. Use `status` to list decided ones. Long arguments "
        "are cut: show all of them before someone decides.",
        responses=ApprovalRowSerializer(many=True),
    ),
    retrieve=extend_schema(summary="Get an approval"),
)
@takes_large_body
class ApprovalViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[ToolCall],
):
    request: AuthenticatedRequest
    queryset = ToolCall.objects.none()
    serializer_class: Any = ApprovalSerializer
    filterset_class = ApprovalFilter
    ordering_fields = ["created_at"]
    ordering = ["-created_at", "-id"]
    scope_by_action = dict.fromkeys(
        ("approve", "reject", "answer", "resolve"), ApiToken.Scope.APPROVE
    )

    def get_queryset(self) -> QuerySet[ToolCall]:
        calls = ToolCall.objects.visible_to(self.request.user)
        calls = calls.exclude(waits_for__in=["", ToolCall.WaitsFor.TASK])
        if self.action == "list" and "status" not in self.request.query_params:
            calls = calls.waiting()
        columns = ("task__agent__name", "task__owner_id", *_COLUMNS)
        calls = calls.select_related("task__agent")
        if self.action != "list":
            return calls.only(*columns, *_TEXTS)
        beginnings = {f"{text}_beginning": _beginning(text) for text in _TEXTS}
        return calls.only(*columns).annotate(**beginnings)

    def get_serializer_class(self) -> Any:
        return ApprovalRowSerializer if self.action == "list" else ApprovalSerializer

    def owner_of(self, call: ToolCall) -> int:
        return call.task.owner_id

    @extend_schema(summary="Approve a call", request=ApproveSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        call, decision = self._read_decision(ApproveSerializer)
        arguments = decision.get("arguments")
        return self._respond(
            approve_call(call, by=self.request.user, arguments=arguments)
        )

    @extend_schema(summary="Reject a call", request=RejectSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        call, decision = self._read_decision(RejectSerializer)
        return self._respond(
            reject_call(call, by=self.request.user, reason=decision["reason"])
        )

    @extend_schema(summary="Answer a question", request=AnswerSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        call, decision = self._read_decision(AnswerSerializer)
        return self._respond(
            answer_call(call, by=self.request.user, text=decision["text"])
        )

    @extend_schema(
        summary="Resolve a call of unknown outcome", request=ResolveSerializer
    )
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        call, decision = self._read_decision(ResolveSerializer)
        return self._respond(resolve_call(call, by=self.request.user, **decision))

    def _read_decision(
        self, serializer_class: type[serializers.Serializer[Any]]
    ) -> tuple[ToolCall, Any]:
        """The call, and the validated body.

        The call is found first: a call of another user is a 404 with any body.
        """
        call = self.get_object()
        decision = serializer_class(data=self.request.data)
        decision.is_valid(raise_exception=True)
        return call, decision.validated_data

    def _respond(self, call: ToolCall) -> Response:
        return Response(self.get_serializer(call).data)


_COLUMNS = (
    "id",
    "task_id",
    "step",
    "tool_call_id",
    "name",
    "effect",
    "status",
    "waits_for",
    "created_at",
    "expires_at",
    "decided_at",
    "is_error",
)
_TEXTS = ("arguments", "answer")


def _beginning(text: str) -> Left:
    # One character more says whether there is more.
    return Left(text, PREVIEW_CHARS + 1)
