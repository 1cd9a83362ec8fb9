from django.urls import include, path
from rest_framework.routers import SimpleRouter

# Imported for its effect: it registers our authentication with drf-spectacular.
from agentarium.accounts.api import openapi as openapi
from agentarium.accounts.api import views
from agentarium.accounts.api.api_tokens import ApiTokenViewSet
from agentarium.accounts.api.limits import LimitsView

router = SimpleRouter()
router.register("tokens", ApiTokenViewSet, basename="api-token")

_auth = [
    path("me/", views.MeView.as_view()),
    path("session/", views.SessionInfoView.as_view()),
    path("register/", views.RegisterView.as_view()),
    path("login/", views.LoginView.as_view()),
    path("logout/", views.LogoutView.as_view()),
    path("password/", views.PasswordView.as_view()),
    path("token/", views.TokenPairView.as_view()),
    path("token/refresh/", views.TokenRefreshView.as_view()),
    path("token/blacklist/", views.TokenBlacklistView.as_view()),
]
urlpatterns = [
    # One include, so that other URLs are compared with its prefix only.
    path("auth/", include(_auth)),
    path("limits/", LimitsView.as_view()),
    *router.urls,
]
