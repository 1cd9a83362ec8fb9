"""`/metrics`, for holders of the metrics token and for staff; 404 for all others."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from agentarium.accounts.models import ApiToken
from agentarium.observability.metrics import REGISTRY, holds_metrics_token
from agentarium.operations.queue_metrics import QUEUE


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of this process, and the state of the queue from the database."""
    authorization = request.headers.get("Authorization", "")
    if not (holds_metrics_token(authorization) or _is_staff(request)):
        raise Http404
    body = generate_latest(REGISTRY) + generate_latest(QUEUE)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _is_staff(request: HttpRequest) -> bool:
    api_request = Request(request, authenticators=APIView().get_authenticators())
    try:
        user, token = api_request.user, api_request.auth
    except APIException:
        return False
    if isinstance(token, ApiToken) and not token.allows(ApiToken.Scope.READ):
        return False
    return user.is_staff
