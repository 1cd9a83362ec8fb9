from types import SimpleNamespace
from typing import Any

import pytest
from django.http import Http404
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from agentarium.http.permissions import IsOwner


def request_of(user: Any) -> Request:
    request = Request(APIRequestFactory().get("/"))
    request.user = user
    return request


def may(user: Any, obj: Any, view: Any = None) -> bool:
    return IsOwner().has_object_permission(request_of(user), view or APIView(), obj)


def test_lets_the_owner_in(alice: Any) -> None:
    assert may(alice, SimpleNamespace(owner_id=alice.pk))


def test_hides_an_object_from_others(alice: Any, stranger: Any) -> None:
    with pytest.raises(Http404):
        may(stranger, SimpleNamespace(owner_id=alice.pk))


def test_makes_no_exception_for_staff(alice: Any, stranger: Any) -> None:
    stranger.is_staff = stranger.is_superuser = True

    with pytest.raises(Http404):
        may(stranger, SimpleNamespace(owner_id=alice.pk))


def test_hides_an_object_without_an_owner(alice: Any) -> None:
    with pytest.raises(Http404):
        may(alice, SimpleNamespace(owner_id=None))


def test_takes_the_owner_from_the_view(alice: Any) -> None:
    view = SimpleNamespace(owner_of=lambda step: step.task.owner_id)

    assert may(alice, SimpleNamespace(task=SimpleNamespace(owner_id=alice.pk)), view)
