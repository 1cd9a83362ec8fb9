"""The part of Agentarium's API that the measurements use."""

from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework import generics, serializers
from rest_framework.authtoken.models import Token
from rest_framework.request import Request
from rest_framework.response import Response

from bench.baselines.plain.jobs import run_task
from bench.baselines.plain.models import Task


class TaskSerializer(serializers.ModelSerializer[Task]):
    class Meta:
        model = Task
        exclude = ("owner",)
        read_only_fields = ("output_text", "status", "finished_at")


class Run(generics.CreateAPIView[Task]):
    serializer_class = TaskSerializer

    def perform_create(self, serializer: Any) -> None:
        with transaction.atomic():
            task = serializer.save(owner=self.request.user)
            transaction.on_commit(lambda: run_task.delay(task.pk))


class Tasks(generics.ListAPIView[Task]):
    serializer_class = TaskSerializer

    def list(self, request: Request, *_: Any, **__: Any) -> Response:
        statuses = request.query_params["status"].split(",")
        mine = Task.objects.filter(owner=request.user, status__in=statuses)
        return Response({"count": mine.count()})


class Detail(generics.RetrieveAPIView[Task]):
    queryset = Task.objects.all()
    serializer_class = TaskSerializer


@cache
def _token() -> str:
    user = get_user_model().objects.create_user("bench")
    return str(Token.objects.create(user=user))


@csrf_exempt
def accept(_: HttpRequest) -> JsonResponse:
    return JsonResponse({"id": 1, "access": _token(), "token": _token()})


urlpatterns = [
    path("readyz", accept),
    path("api/auth/register/", accept),
    path("api/auth/token/", accept),
    path("api/tokens/", accept),
    path("api/agents/", accept),
    path("api/tasks/run/", Run.as_view()),
    path("api/tasks/<int:pk>/", Detail.as_view()),
    path("api/tasks/", Tasks.as_view()),
]
