"""Django's request inside REST framework's."""

from django.http import HttpRequest
from rest_framework.request import Request


def django_request(request: Request) -> HttpRequest:
    """The request that Django's functions and middleware use."""
    return request._request
