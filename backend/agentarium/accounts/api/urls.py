from django.urls import include, path
from rest_framework.routers import SimpleRouter

# Imported for its effect: it tells drf-spectacular about our ways to sign in.
from agentarium.accounts.api import openapi as openapi
from agentarium.accounts.api import views
from agentarium.accounts.api.api_tokens import ApiTokenViewSet

router = SimpleRouter()
router.register("tokens", ApiTokenViewSet, basename="api-token")

urlpatterns = [
    path("auth/register/", views.RegisterView.as_view()),
    path("auth/session/", views.SessionInfoView.as_view()),
    path("auth/login/", views.LoginView.as_view()),
    path("auth/logout/", views.LogoutView.as_view()),
    path("auth/me/", views.MeView.as_view()),
    path("auth/password/", views.PasswordView.as_view()),
    path("auth/token/", views.TokenPairView.as_view()),
    path("auth/token/refresh/", views.TokenRefreshView.as_view()),
    path("auth/token/blacklist/", views.TokenBlacklistView.as_view()),
    path("", include(router.urls)),
]
