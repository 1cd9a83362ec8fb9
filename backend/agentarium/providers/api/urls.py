from django.urls import path

from agentarium.providers.api.views import ModelListView, ProviderListView

urlpatterns = [
    path("providers/", ProviderListView.as_view()),
    path("models/", ModelListView.as_view()),
]
