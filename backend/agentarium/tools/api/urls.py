from django.urls import include, path
from rest_framework.routers import SimpleRouter

from agentarium.tools.api.views import (
    CatalogueView,
    HttpToolViewSet,
    McpServerViewSet,
)

router = SimpleRouter()
router.register("http-tools", HttpToolViewSet, basename="http-tool")
router.register("mcp-servers", McpServerViewSet, basename="mcp-server")

urlpatterns = [
    path("tools/", CatalogueView.as_view()),
    path("", include(router.urls)),
]
