"""A small API over Django's own log entries, for tests of what all APIs share."""

from typing import Any

import django_filters
from django.contrib.admin.models import LogEntry
from django.db import InterfaceError, OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agentarium.core.exceptions import (
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
)


class LogEntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = LogEntry
        fields = {"action_flag": ["exact"], "action_time": ["gte", "lte"]}


class LogEntrySerializer(serializers.ModelSerializer[LogEntry]):
    class Meta:
        model = LogEntry
        fields = ["id", "object_repr"]


class EntriesView(generics.ListAPIView[LogEntry]):
    permission_classes = [AllowAny]
    serializer_class = LogEntrySerializer
    filterset_class = LogEntryFilter
    search_fields = ["object_repr", "change_message"]
    ordering_fields = ["action_time", "object_repr", "object_id", "user__username"]
    ordering = ["-action_time", "-id"]

    def get_queryset(self) -> QuerySet[LogEntry]:
        return LogEntry.objects.all()


class RowsView(EntriesView):
    """The same rows as dicts, as the busiest lists return them."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.filter_queryset(self.get_queryset().values("id", "action_time"))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response([row["id"] for row in page or []])


class ItemSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)


class OrderSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    items = ItemSerializer(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        raise serializers.ValidationError("Nothing is ever right.", "never")


class EchoView(APIView):
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        serializer = OrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(status=204)


class FailingView(APIView):
    permission_classes = [AllowAny]
    failures: dict[str, Exception] = {
        "conflict": ConflictError("It has ended already."),
        "missing": NotFoundError(),
        "busy": TooManyRequestsError(retry_after=1.2),
        "bug": ZeroDivisionError("the secret is hunter2"),
        "database": OperationalError("server closed the connection"),
        "connection": InterfaceError("connection already closed"),
    }

    def get(self, request: Request, kind: str) -> Response:
        raise self.failures[kind]


class ClosedView(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


def addresses(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"url": request.build_absolute_uri()})


urlpatterns = [
    path("addresses/", addresses),
    path("entries/", EntriesView.as_view()),
    path("rows/", RowsView.as_view()),
    path("echo/", EchoView.as_view()),
    path("fails/<kind>/", FailingView.as_view()),
    path("closed/", ClosedView.as_view()),
    path("plain/", plain),
]
handler400 = "agentarium.http.problems.bad_request"
handler403 = "agentarium.http.problems.permission_denied"
handler404 = "agentarium.http.problems.not_found"
handler500 = "agentarium.http.problems.server_error"
