"""REST framework's request, and Django's within it."""

from django.http import HttpRequest
from rest_framework.request import Request


def django_request(request: Request) -> HttpRequest:
    """What Django's own functions and the middleware know as the request."""
    return request._request
