from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from agentarium.http.schema import CachedGenerator
from agentarium.server.health import healthz, readyz
from agentarium.server.page import page
from agentarium.server.proxy_probe import PATH, proxy_probe

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    # Open to all: it describes the API and contains no user's data.
    path(
        "api/schema/",
        SpectacularAPIView.as_view(generator_class=CachedGenerator),
        name="schema",
    ),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(), name="docs"),
    # Not in the schema: it is for the doctor of this server only.
    path(PATH.lstrip("/"), proxy_probe),
    # Last: the page has its own routes, which the server does not know.
    re_path(r"^(?!(?:api|admin|static|metrics)(?:/|$)|healthz|readyz).*$", page),
]
