from django.urls import include, path
from rest_framework.routers import SimpleRouter

from agentarium.tools.api.catalogue import CatalogueViewSet
from agentarium.tools.api.mcp_views import McpServerViewSet
from agentarium.tools.api.views import HttpToolViewSet

router = SimpleRouter()
router.register("tools", CatalogueViewSet, basename="tool")
router.register("http-tools", HttpToolViewSet, basename="http-tool")
router.register("mcp-servers", McpServerViewSet, basename="mcp-server")

urlpatterns = [
    path("", include(router.urls)),
]
