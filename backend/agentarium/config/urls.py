"""The URLs of the site."""

from django.contrib import admin
from django.urls import include, path

from agentarium.operations.metrics_view import metrics

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("agentarium.accounts.api.urls")),
    path("api/", include("agentarium.task_api.urls")),
    path("api/", include("agentarium.tools.api.urls")),
    path("api/", include("agentarium.providers.api.urls")),
    path("metrics", metrics),
    # Last: it ends with the page, which matches all other URLs.
    path("", include("agentarium.server.urls")),
]

handler400 = "agentarium.http.problems.bad_request"
handler403 = "agentarium.http.problems.permission_denied"
handler404 = "agentarium.http.problems.not_found"
handler500 = "agentarium.http.problems.server_error"
