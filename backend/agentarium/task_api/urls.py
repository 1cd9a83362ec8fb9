from django.urls import path
from rest_framework.routers import SimpleRouter

from agentarium.operations.api import (
    FailView,
    QueueView,
    RequeueView,
    WorkersView,
)
from agentarium.reporting.api import StatsView
from agentarium.streaming.api import StatusFeedView
from agentarium.task_api.agents import AgentViewSet
from agentarium.task_api.approvals import ApprovalViewSet
from agentarium.task_api.export import ExportView
from agentarium.task_api.views import TaskViewSet

router = SimpleRouter()
# Django tries the routes in order: the most requested one comes first.
router.register("tasks", TaskViewSet, basename="task")
router.register("agents", AgentViewSet, basename="agent")
router.register("approvals", ApprovalViewSet, basename="approval")

urlpatterns = [
    *router.urls,
    path("events/", StatusFeedView.as_view(), name="events"),
    path("export/", ExportView.as_view(), name="export"),
    path("queue/", QueueView.as_view(), name="queue"),
    path("queue/fail/", FailView.as_view(), name="queue-fail"),
    path("queue/requeue/", RequeueView.as_view(), name="queue-requeue"),
    path("stats/", StatsView.as_view(), name="stats"),
    path("workers/", WorkersView.as_view(), name="workers"),
]
